/** F18, R4, L1-L4, L10: shards are added to a running fleet, and groups join and leave it, under load, broken off and taken back midway. */
import { EMBEDDED } from './scenarios/foundation.ts';
import { describeReshard } from './scenarios/reshard.ts';

describeReshard(EMBEDDED);
