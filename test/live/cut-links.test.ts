/** F25, F20, L1, L7: the network between edges and cores is cut for 30 s, and etcd is away. */
import { describeCutLinks } from './scenarios/cut-links.ts';
import { EMBEDDED } from './scenarios/foundation.ts';

describeCutLinks(EMBEDDED, { cutMs: 30_000 });
