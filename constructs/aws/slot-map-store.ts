import { Construct } from 'constructs';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { PointedDocument } from './pointed-document.ts';

/** Ending of slot maps in S3: what a node's role may read. */
export const SLOT_MAP_ENDING = 'slotmap';

export interface SlotMapStoreProps {
  readonly parameterName: string;
  readonly slotMap: SlotMap;
  /** Begins the document's name inside the assembly. */
  readonly name: string;
}

/** The one planned slot map of an environment. It lives in one AWS region only, since each added region changes it. */
export class SlotMapStore extends Construct {
  readonly pointer: PointedDocument;

  /** @throws IrisError CONFIG_INVALID when a node would refuse the map. */
  constructor(scope: Construct, id: string, props: SlotMapStoreProps) {
    super(scope, id);
    readSlotMap(props.slotMap);
    this.pointer = new PointedDocument(this, 'SlotMap', {
      parameterName: props.parameterName,
      fileName: `${props.name}.${SLOT_MAP_ENDING}`,
      text: `${JSON.stringify(props.slotMap)}\n`,
    });
  }
}
