import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that the system gives to outgoing connections, which begin at 32768. */
const FIRST = 12_000;
const LAST = 32_000;
const ROW = 20;

/** The first of twenty ports in a row that are free right now. Starts at a place of this process, so that parallel tests keep apart. */
export async function freePortRow(): Promise<number> {
  const rows = (LAST - FIRST) / ROW;
  for (let attempt = 0; attempt < rows; attempt++) {
    const base = FIRST + ((process.pid * 7 + next++) % rows) * ROW;
    if (await isRowFree(base)) return base;
  }
  throw new Error(`no ${ROW} free ports in a row between ${FIRST} and ${LAST}`);
}

let next = 0;

async function isRowFree(base: number): Promise<boolean> {
  for (let port = base; port < base + ROW; port++) if (!(await isFree(port))) return false;
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
