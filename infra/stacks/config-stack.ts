import type { Construct } from 'constructs';
import { NodeConfigStore } from '../../constructs/aws/node-config-store.ts';
import { nodeConfigsOf } from '../plan/node-configs.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

/** Node configs of one region and their pointers. */
export class ConfigStack extends IrisStack {
  readonly store: NodeConfigStore;

  constructor(scope: Construct, props: RegionStackProps) {
    super(scope, regionStack(props, 'config', 'node configs', false));
    const { plan, region } = props;
    const { edge, core } = nodeConfigsOf(plan, region.code);
    this.store = new NodeConfigStore(this, 'NodeConfigs', {
      name: region.names.prefix,
      documents: [
        { role: 'edge', parameterName: region.names.edgeConfigParameter, document: edge },
        { role: 'core', parameterName: region.names.coreConfigParameter, document: core },
      ],
    });
  }
}
