/** F19, R12, R13, L1-L3, L9: a region of a local fleet is killed, failed over, started again and failed back under load; users get other homes. */
import { describeFailover } from './scenarios/failover.ts';
import { EMBEDDED } from './scenarios/foundation.ts';

describeFailover(EMBEDDED, { hasHomes: true, perSecond: 200 });
