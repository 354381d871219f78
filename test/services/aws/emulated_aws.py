"""An AWS on loopback to deploy to: moto's server, with what its CloudFormation lacks for the stacks of this project.

usage: python emulated_aws.py PORT        env: EMULATED_FAILURES=LogicalId[,LogicalId] makes those resources fail

What it checks: order of stacks, references, SSM parameters between stacks, assets, change sets, roll-back, termination protection; that
CloudFormation has each type in its region. What it does not: whether a value is valid, what a resource costs, and what one does.
"""

import json
import os
import sys
import threading
from fnmatch import fnmatchcase

import boto3
import moto.cloudformation.models as models
import moto.cloudformation.parsing as parsing
import moto.cloudformation.responses as responses
import moto.ec2.models.instances as instances
import moto.elbv2.models as balancers
from moto.ec2.models import ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection
from moto.iam.models import iam_backends
import moto.route53.models as zones
from moto.route53.models import RecordSet, route53_backends
import recorded_types
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends

PORT = int(sys.argv[1])
FAILURES = [name for name in os.environ.get("EMULATED_FAILURES", "").split(",") if name]


KEYS = {}


def client(service, region, account=DEFAULT_ACCOUNT_ID):
    def connected(service, key):
        secrets = {"aws_access_key_id": key, "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{PORT}", **secrets)

    if account != DEFAULT_ACCOUNT_ID and account not in KEYS:
        role = connected("sts", "test").assume_role(RoleArn=f"arn:aws:iam::{account}:role/emulator", RoleSessionName="emulator")
        KEYS[account] = role["Credentials"]["AccessKeyId"]
    return connected(service, KEYS.get(account, "test"))


def lending_account(role_arn, account, region):
    """The account of a role, when it is there and trusts CloudFormation’s own of the account that asks."""
    owner, name = role_arn.split(":")[4], role_arn.split("/")[-1]
    role = next((one for one in iam_backends[owner]["aws"].get_roles() if one.name == name), None)
    trust = role.assume_role_policy_document if role else {}
    trust = json.loads(trust) if isinstance(trust, str) else trust
    asks = f"arn:aws:iam::{account}:role/cdk-hnb659fds-cfn-exec-role-{account}-{region}"
    for statement in trust.get("Statement", []):
        patterns = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", [])
        if f"arn:aws:iam::{account}:root" in statement["Principal"].get("AWS", []) and any(fnmatchcase(asks, one) for one in patterns):
            return owner
    raise ValidationError(message=f"{asks} may not assume {role_arn}")


def arn(service, region, account, rest):
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def numbers(properties, *names):
    """CloudFormation carries numbers as text; the APIs want them as numbers."""
    return {key: int(value) if key in names else value for key, value in properties.items()}


def cache_subnets(properties, name, region, account):
    group = properties.get("CacheSubnetGroupName", name).lower()
    client("elasticache", region, account).create_cache_subnet_group(
        CacheSubnetGroupName=group, CacheSubnetGroupDescription=properties["Description"], SubnetIds=properties["SubnetIds"]
    )
    return group, {}


def cache_group(properties, name, region, account):
    known = numbers(properties, "NumNodeGroups", "ReplicasPerNodeGroup", "Port")
    known.pop("Tags", None)
    group = known.pop("ReplicationGroupId", name.lower()[:40].rstrip("-"))
    client("elasticache", region, account).create_replication_group(ReplicationGroupId=group, **known)
    return group, {"ConfigurationEndPoint.Address": f"clustercfg.{group}.use.cache.amazonaws.com"}


def kafka_cluster(properties, name, region, account):
    nodes = {key: value for key, value in properties["BrokerNodeGroupInfo"].items() if key in ("InstanceType", "ClientSubnets", "SecurityGroups")}
    made = client("kafka", region, account).create_cluster(
        ClusterName=properties["ClusterName"],
        KafkaVersion=properties["KafkaVersion"],
        NumberOfBrokerNodes=int(properties["NumberOfBrokerNodes"]),
        BrokerNodeGroupInfo=nodes,
    )
    return made["ClusterArn"], {"Arn": made["ClusterArn"], "CurrentVersion": "K1"}


def generated_secret(properties, name, region, account):
    """Generated, and put into its template where it has one."""
    asked, secrets = properties["GenerateSecretString"], client("secretsmanager", region, account)
    plain = str(asked.get("ExcludePunctuation")).lower() == "true"
    value = secrets.get_random_password(PasswordLength=int(asked["PasswordLength"]), ExcludePunctuation=plain)["RandomPassword"]
    if "GenerateStringKey" in asked:
        value = json.dumps({**json.loads(asked["SecretStringTemplate"]), asked["GenerateStringKey"]: value})
    made = secrets.create_secret(Name=properties["Name"], SecretString=value)["ARN"]
    return made, {"Id": made}


def bucket_policy(properties, name, region, account):
    """Recorded: moto would enforce it without its conditions, so that “deny unless TLS” denies everything."""
    return properties["Bucket"], {}


ADDED_TYPES = {
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::ElastiCache::SubnetGroup": cache_subnets,
    "AWS::ElastiCache::ReplicationGroup": cache_group,
    "AWS::MSK::Cluster": kafka_cluster,
    "AWS::SecretsManager::Secret": generated_secret,
}


def resource_class(type_name, create):
    class Added(CloudFormationModel):
        # moto looks for models below its own package.
        __module__ = "moto.added.models"

        def __init__(self, reference, attributes):
            self.physical_resource_id = reference
            self.attributes = attributes

        @staticmethod
        def cloudformation_name_type():
            return ""

        @staticmethod
        def cloudformation_type():
            return type_name

        @classmethod
        def has_cfn_attr(cls, attr):
            return True

        def get_cfn_attribute(self, attribute_name):
            return self.attributes[attribute_name]

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
            name = "".join(c if c.isalnum() else "-" for c in resource_name)[:60]
            try:
                return cls(*create(cloudformation_json["Properties"], name, region_name, account_id))
            except Exception as cause:
                raise ValidationError(message=f"{resource_name} ({type_name}): {cause}") from cause

        @classmethod
        def update_from_cloudformation_json(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
            pass

        @property
        def is_created(self):
            return True

        def delete(self, *args, **kwargs):
            pass

    Added.__name__ = Added.__qualname__ = type_name.replace("::", "_")
    return Added


def forget_known_types():
    for name in ("get_model_map", "get_model_list", "get_name_type_map"):
        getattr(getattr(parsing, name), "cache_clear", lambda: None)()


forget_known_types()
known = dict(parsing.get_model_map())
KEPT = [resource_class(name, create) for name, create in ADDED_TYPES.items() if name not in known]
forget_known_types()

_clean_json = parsing.clean_json


def clean_json(resource_json, resources_map):
    """Adds Fn::GetStackOutput, which the CDK uses between stacks: the other stack has to be there."""
    if isinstance(resource_json, dict) and "Fn::GetStackOutput" in resource_json:
        wanted = clean_json(resource_json["Fn::GetStackOutput"], resources_map)
        region = wanted.get("Region", resources_map._region_name)
        account = resources_map._account_id
        if "RoleArn" in wanted:
            account = lending_account(wanted["RoleArn"], account, resources_map._region_name)
        stack = models.cloudformation_backends[account][region].get_stack(wanted["StackName"])
        if wanted["OutputName"] not in stack.output_map.outputs:
            raise ValidationError(message=f"stack {wanted['StackName']} has no output {wanted['OutputName']}")
        return stack.output_map[wanted["OutputName"]].value
    return _clean_json(resource_json, resources_map)


parsing.clean_json = clean_json

_class_of_type = parsing.resource_class_from_type


def class_of_type(type_name):
    """A type that moto would skip with a warning is recorded instead, or refused."""
    if type_name in parsing.get_model_map() or type_name.startswith("Custom::"):
        return _class_of_type(type_name)
    return recorded_types.class_of(type_name)


_parse_and_create = parsing.parse_and_create_resource


def parse_and_create(logical_id, resource_json, resources_map, account_id, region_name):
    """What is not made must not pass for made, and a failure may be asked for."""
    condition = resource_json.get("Condition")
    if condition and not resources_map.lazy_condition_map[condition]:
        return None
    if resource_json["Type"].startswith("Custom::"):
        raise ValidationError(message=f"{logical_id}: the emulated AWS runs no functions, so it cannot make {resource_json['Type']}")
    if logical_id in FAILURES:
        raise ValidationError(message=f"{logical_id}: the failure that was asked for")
    made = _parse_and_create(logical_id, resource_json, resources_map, account_id, region_name)
    if made is None:
        raise ValidationError(message=f"{logical_id}: the emulated AWS made no {resource_json['Type']}")
    return made


_parse_and_update = parsing.parse_and_update_resource


def parse_and_update(logical_id, resource_json, resources_map, account_id, region_name):
    """moto forgets a resource of a type that it cannot update; here it stays as it was made."""
    original = resources_map[logical_id]
    if logical_id in FAILURES:
        raise ValidationError(message=f"{logical_id}: the failure that was asked for")
    return _parse_and_update(logical_id, resource_json, resources_map, account_id, region_name) or original


parsing.resource_class_from_type = class_of_type
parsing.parse_and_create_resource = parse_and_create
parsing.parse_and_update_resource = parse_and_update


@classmethod
def create_balancer(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto’s own forgets the type and so wants what only an Application Load Balancer needs."""
    properties = cloudformation_json["Properties"]
    return balancers.elbv2_backends[account_id][region_name].create_load_balancer(
        resource_name,
        properties.get("SecurityGroups"),
        properties.get("Subnets"),
        scheme=properties.get("Scheme", "internet-facing"),
        loadbalancer_type=properties.get("Type"),
    )


balancers.FakeLoadBalancer.create_from_cloudformation_json = create_balancer


_balancer_attribute = balancers.FakeLoadBalancer.get_cfn_attribute


def balancer_attribute(self, attribute):
    """moto leaves out two that stand in records and in dimensions of metrics."""
    if attribute == "LoadBalancerFullName":
        return self.arn.split(":loadbalancer/")[1]
    return "Z2F56UZL2M1ACD" if attribute == "CanonicalHostedZoneID" else _balancer_attribute(self, attribute)


def targets_attribute(self, attribute):
    return {"TargetGroupFullName": self.arn.split(":")[-1], "TargetGroupName": self.name, "TargetGroupArn": self.arn}[attribute]


balancers.FakeLoadBalancer.get_cfn_attribute = balancer_attribute
balancers.FakeTargetGroup.get_cfn_attribute = targets_attribute
balancers.FakeTargetGroup.has_cfn_attr = classmethod(lambda cls, attr: attr in ("TargetGroupFullName", "TargetGroupName", "TargetGroupArn"))


@classmethod
def create_peering(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto’s own looks for the other network in this region, and leaves the request open."""
    properties = cloudformation_json["Properties"]
    other = properties.get("PeerRegion", region_name)
    asked = {"VpcId": properties["VpcId"], "PeerVpcId": properties["PeerVpcId"], "PeerRegion": other}
    owner = properties.get("PeerOwnerId", account_id)
    if owner != account_id and lending_account(properties["PeerRoleArn"], account_id, region_name) != owner:
        raise ValidationError(message=f"{resource_name}: {properties['PeerRoleArn']} is no role of {owner}")
    made = client("ec2", region_name, account_id).create_vpc_peering_connection(**asked, PeerOwnerId=owner)
    made = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    client("ec2", other, owner).accept_vpc_peering_connection(VpcPeeringConnectionId=made)
    return ec2_backends[account_id][region_name].vpc_pcxs[made]


VPCPeeringConnection.create_from_cloudformation_json = create_peering


_zone_id = zones.create_route53_zone_id
# Route 53’s begin so; moto’s own with any letter.
zones.create_route53_zone_id = lambda *args, **kwargs: f"Z{_zone_id(*args, **kwargs)[1:]}"


def delete_record(self, account_id, region):
    """moto’s own deletes every record of the name; each place has one of its own."""
    zone = route53_backends[account_id]["aws"].get_hosted_zone(self.hosted_zone_id)
    zone.rrsets = [record for record in zone.rrsets if record is not self]


@classmethod
def delete_named_record(cls, resource_name, cloudformation_json, account_id, region_name):
    properties = cloudformation_json["Properties"]
    zone = route53_backends[account_id]["aws"].get_hosted_zone(properties["HostedZoneId"])
    same = [record for record in zone.rrsets if (record.name, record.set_identifier) == (resource_name, properties.get("SetIdentifier"))]
    zone.rrsets = [record for record in zone.rrsets if record not in same]


def delete_route_table(self, account_id, region):
    """moto’s own lets them stand, and so the network too."""
    self._associations.clear()
    ec2_backends[account_id][region].delete_route_table(self.id)


RouteTable.delete = delete_route_table
RecordSet.delete = delete_record
RecordSet.delete_from_cloudformation_json = delete_named_record


_create_instance = instances.Instance.create_from_cloudformation_json.__func__


@classmethod
def create_instance(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    """moto’s own knows no launch templates: what the named version says is put into the properties."""
    properties = dict(cloudformation_json["Properties"])
    wanted = properties.get("LaunchTemplate")
    if wanted:
        template = ec2_backends[account_id][region_name].get_launch_template(wanted["LaunchTemplateId"])
        data = template.get_version(wanted["Version"]).data
        properties = {"ImageId": data["ImageId"], "InstanceType": data["InstanceType"], **properties}
    return _create_instance(cls, resource_name, {**cloudformation_json, "Properties": properties}, account_id, region_name, **kwargs)


instances.Instance.create_from_cloudformation_json = create_instance


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFoundException"


# moto finds change sets by name alone, although the CDK gives all stacks’ the same, keeps executed ones, is not safe with several at a
# time, and answers a failure with HTTP 500, which the SDK repeats until it looks like a success.
_execute = models.CloudFormationBackend.execute_change_set
_lock = threading.RLock()


def find_change_set(response):
    name, stack = response._get_param("ChangeSetName"), response._get_param("StackName")
    for key, one in list(response.cloudformation_backend.change_sets.items()):
        if key == name or (one.change_set_name == name and stack in (one.stack_id, one.stack_name)):
            return key, one
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def describe_change_set(self):
    return responses.ActionResult(find_change_set(self)[1])


def delete_change_set(self):
    try:
        self.cloudformation_backend.change_sets.pop(find_change_set(self)[0], None)
    except ChangeSetNotFound:
        pass
    return responses.EmptyResult()


def execute_change_set(self):
    backend = self.cloudformation_backend
    with _lock:
        key, one = find_change_set(self)
        stack = backend.stacks[one.stack_id]
        try:
            _execute(backend, key, one.stack_name)
            # moto leaves a new stack with the outputs of the empty template that its change set began with.
            stack._parse_template()
            stack.output_map = stack._create_output_map()
        except Exception as cause:
            status = "ROLLBACK_COMPLETE" if one.change_set_type == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
            reason = str(getattr(cause, "message", cause)) or type(cause).__name__
            stack._add_stack_event("CREATE_FAILED", resource_status_reason=reason)
            stack._add_stack_event(status, resource_status_reason=reason)
            stack.status = status
        backend.change_sets.pop(key, None)
    return responses.EmptyResult()


def update_termination_protection(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = str(self._get_param("EnableTerminationProtection")).lower() == "true"
    return responses.ActionResult({"StackId": stack.stack_id})


_delete_stack = responses.CloudFormationResponse.delete_stack


def delete_stack(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    if getattr(stack, "enable_termination_protection", False):
        raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    return _delete_stack(self)


for action in (describe_change_set, delete_change_set, execute_change_set, update_termination_protection, delete_stack):
    setattr(responses.CloudFormationResponse, action.__name__, action)

if __name__ == "__main__":
    from moto.server import main

    sys.argv = ["moto_server", "-H", "127.0.0.1", "-p", str(PORT)]
    main()
