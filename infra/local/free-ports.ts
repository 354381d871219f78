import { createServer } from 'node:net';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { FleetNode } from './fleet-layout.ts';

/**
 * Tries every port of a fleet before anything is started, so that a taken one is told by name and not by a node's death.
 * @throws IrisError ADDRESS_IN_USE with the first taken port, the node that wants it and the remedy.
 */
export async function checkPortsFree(nodes: readonly FleetNode[]): Promise<void> {
  for (const node of nodes) {
    for (const port of [node.port, node.adminPort]) await checkPortFree(port, node.id);
  }
}

async function checkPortFree(port: number, id: string): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve()));
  try {
    await promise;
  } catch (cause) {
    throw new IrisError('ADDRESS_IN_USE', `port ${port} of ${id} is taken on 127.0.0.1; choose another row with --base-port N`, { cause });
  }
}
