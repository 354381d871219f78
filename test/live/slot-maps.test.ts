/** F17, F20, L12: bad slot maps are published to running nodes, and none at all. Each is refused with its reason, the last good one stays, and nothing is lost. */
import { EMBEDDED } from './scenarios/foundation.ts';
import { describeSlotMaps } from './scenarios/slot-maps.ts';

describeSlotMaps(EMBEDDED);
