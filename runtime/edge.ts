import { runProcess } from './main.ts';
import { startEdge } from './servers/edge-server.ts';

await runProcess({ edge: startEdge });
