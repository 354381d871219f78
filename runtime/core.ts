import { runProcess } from './main.ts';
import { startCore } from './servers/core-server.ts';

await runProcess({ core: startCore });
