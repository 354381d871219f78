import type { SlotMapPlace } from '../../contract/slot-map-place.ts';
import type { SlotMapRegister } from '../../ports/slot-maps.ts';
import { ConsulRegister } from './consul-register.ts';
import { EtcdRegister } from './etcd-register.ts';
import { FileRegister } from './file-register.ts';
import { SsmRegister } from './ssm-register.ts';

/** The register at a place. Nothing is asked before its first use. */
export function openRegister(place: SlotMapPlace): SlotMapRegister {
  switch (place.kind) {
    case 'file':
      return new FileRegister(place.path);
    case 'etcd':
      return new EtcdRegister(place);
    case 'consul':
      return new ConsulRegister(place);
    case 'ssm':
      return new SsmRegister(place);
  }
}
