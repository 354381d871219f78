import { CfnDeletionPolicy, type CfnResource } from 'aws-cdk-lib/core';

/** Keeps what holds data when its stack goes or CloudFormation would replace it. Returns the resource. */
export function retained<Resource extends CfnResource>(resource: Resource): Resource {
  resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
  resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  return resource;
}
