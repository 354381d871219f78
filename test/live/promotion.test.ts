/** P7, B3, B8, F15, L1-L4: one hot user is promoted and demoted with the CLI while edges and cores of a real fleet are killed. */
import { EMBEDDED } from './scenarios/foundation.ts';
import { describePromotion } from './scenarios/promotion.ts';

describePromotion(EMBEDDED, { changes: 5, drains: [1, 4] });
