/**
 * F2, F22, L10, L1-L3: the owner of a shard group is killed, or stopped and goes on later, under load. With a standby that takes over, and
 * without one. One owner per shard and epoch.
 */
import { EMBEDDED } from './scenarios/foundation.ts';
import { describeOwnership } from './scenarios/ownership.ts';

describeOwnership(EMBEDDED, { kills: 5, stops: [5, 12, 40], stopsAlone: [12] });
