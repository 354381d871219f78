/** F7, L9: two regions cut apart both ways, one way, and again and again. */
import { describeCutRegions } from './scenarios/cut-regions.ts';
import { EMBEDDED } from './scenarios/foundation.ts';

describeCutRegions(EMBEDDED, { cuts: ['both ways', 'one way', 'flapping'], cutMs: 15_000, waitMsMax: 1_000 });
