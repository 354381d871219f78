"""Resources of types for which moto has no API: recorded, and held against CloudFormation's own schema of the region, which cfn-lint brings.

A type that CloudFormation does not have in the region, a property that the type does not have, one that must be given and is not, and an
attribute that it does not return are refused. What the resource would do is not emulated.
"""

import hashlib

from cfnlint.schema import ResourceNotFoundError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

_classes = {}


def schema_of(type_name, region):
    try:
        return PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, type_name).schema
    except ResourceNotFoundError as cause:
        raise ValidationError(message=f"CloudFormation has no {type_name} in {region}") from cause


def names(schema, key):
    """`/properties/Id` → `Id`, `/properties/Endpoint/Address` → `Endpoint.Address`."""
    return [path.removeprefix("/properties/").replace("/", ".") for path in schema.get(key, [])]


def check(schema, logical_id, properties):
    known, read_only = schema["properties"], names(schema, "readOnlyProperties")
    for name in properties:
        if name not in known or (name in read_only and name not in names(schema, "primaryIdentifier")):
            raise ValidationError(message=f"{logical_id}: {schema['typeName']} has no property {name} that may be set")
    for name in schema.get("required", []):
        if name not in properties:
            raise ValidationError(message=f"{logical_id}: {schema['typeName']} needs the property {name}")


class Recorded(CloudFormationModel):
    # moto looks for models below its own package.
    __module__ = "moto.recorded.models"
    type_name = ""

    def __init__(self, name, logical_id, properties, region, account):
        self.schema = schema_of(self.type_name, region)
        check(self.schema, logical_id, properties)
        self.name, self.logical_id, self.properties, self.region, self.account = name, logical_id, properties, region, account
        self.physical_resource_id = str(self.value(names(self.schema, "primaryIdentifier")[-1]))

    def value(self, attribute):
        """What was given, else a value of the kind that the attribute's name promises, the same in each run."""
        if attribute in self.properties:
            return self.properties[attribute]
        service, kind = self.type_name.split("::")[1:]
        digest = hashlib.sha256(f"{self.name} {attribute}".encode()).hexdigest()
        last = attribute.split(".")[-1]
        if last.endswith("Arn"):
            return f"arn:aws:{service.lower()}:{self.region}:{self.account}:{kind.lower()}/{self.name}"
        if last.endswith(("DnsName", "DomainName", "Address")):
            return f"{digest[:14]}.{service.lower()}.amazonaws.com"
        return digest[:12] if last.endswith("Id") else self.name

    def get_cfn_attribute(self, attribute):
        if attribute not in names(self.schema, "readOnlyProperties") and attribute.split(".")[0] not in self.schema["properties"]:
            raise ValidationError(message=f"{self.logical_id}: {self.type_name} has no attribute {attribute}")
        return self.value(attribute)

    @classmethod
    def has_cfn_attr(cls, attr):
        return True

    @classmethod
    def cloudformation_type(cls):
        return cls.type_name

    @staticmethod
    def cloudformation_name_type():
        return ""

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls(resource_name, kwargs["LogicalId"], cloudformation_json.get("Properties", {}), region_name, account_id)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        """In place, unless a property changed that CloudFormation can only set by making another resource."""
        properties, old = cloudformation_json.get("Properties", {}), original_resource
        fixed = {name.split(".")[0] for name in names(old.schema, "createOnlyProperties")}
        replaced = any(properties.get(name) != old.properties.get(name) for name in fixed)
        return cls(new_resource_name if replaced else old.name, old.logical_id, properties, region_name, account_id)

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        """There is nothing to delete."""

    @property
    def is_created(self):
        return True

    def delete(self, *args, **kwargs):
        """There is nothing to delete."""


def class_of(type_name):
    """The class that records resources of a type; whether CloudFormation has the type is asked when one is made."""
    if type_name not in _classes:
        _classes[type_name] = type(type_name.replace("::", "_"), (Recorded,), {"type_name": type_name, "__module__": Recorded.__module__})
    return _classes[type_name]
