import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemCode } from '../../../runtime/contract/system-error.ts';

/** Below the ports that the system gives to outgoing connections, which begin at 32768. */
const PORT_FIRST = 12_000;
const PORT_LAST = 32_000;

/** A free port for each name, kept with an engine’s data, since its servers and their clients remember where the others listen. */
export async function enginePorts<Name extends string>(directory: string, names: readonly Name[]): Promise<Readonly<Record<Name, number>>> {
  const path = join(directory, 'ports.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<Name, number>;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const ports: Partial<Record<Name, number>> = {};
  for (const name of names) {
    let port: number;
    do port = randomInt(PORT_FIRST, PORT_LAST);
    while (Object.values(ports).includes(port) || !(await isFree(port)));
    ports[name] = port;
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, JSON.stringify(ports));
  return ports as Record<Name, number>;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '0.0.0.0');
    await once(server, 'listening');
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
