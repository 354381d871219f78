import type { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import type { Duration } from 'aws-cdk-lib/core';
import { LIFECYCLE_HOOK } from '../node/boot-tasks.ts';

/**
 * Holds a machine until its node has drained: the boot script sees the intent in the metadata, sends heartbeats while it waits, and
 * completes the action. A node that is dead is given up after one timeout without a heartbeat.
 */
export function drainHook(timeout: Duration): CfnAutoScalingGroup.LifecycleHookSpecificationProperty {
  return {
    lifecycleHookName: LIFECYCLE_HOOK,
    lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatTimeout: timeout.toSeconds(),
    defaultResult: 'CONTINUE',
  };
}
