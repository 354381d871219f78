import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { NodeConfigDocument } from '../../runtime/contract/node-config.ts';
import { checkNodeConfig } from '../../runtime/contract/node-config.ts';
import { PointedDocument } from './pointed-document.ts';

/** Ending of node configs in S3: what a node's role may read. */
export const NODE_CONFIG_ENDING = 'nodeconfig';

export interface NodeConfigStoreProps {
  readonly documents: readonly {
    readonly role: 'edge' | 'core';
    readonly parameterName: string;
    readonly document: NodeConfigDocument;
  }[];
  /** Begins the documents' names inside the assembly. */
  readonly name: string;
}

/**
 * The node configs of one region, checked by the validator that the nodes themselves use (L12).
 */
export class NodeConfigStore extends Construct {
  readonly configs: readonly { readonly role: 'edge' | 'core'; readonly pointer: PointedDocument }[];

  /** @throws IrisError CONFIG_INVALID when a node would refuse a document. */
  constructor(scope: Construct, id: string, props: NodeConfigStoreProps) {
    super(scope, id);
    this.configs = props.documents.map(({ role, parameterName, document }) => {
      const problems = checkNodeConfig(document);
      if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `node config of ${props.name} ${role}: ${problems.join('; ')}`);
      const text = `${JSON.stringify(document, null, 2)}\n`;
      const fileName = `${props.name}.${role}.${NODE_CONFIG_ENDING}`;
      return { role, pointer: new PointedDocument(this, role === 'edge' ? 'Edge' : 'Core', { parameterName, fileName, text }) };
    });
  }
}
