import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { KeyTable, keyHash } from '../../runtime/contract/key-table.ts';
import { nodeFlags } from '../../runtime/contract/node-flags.ts';
import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import { cpuSeconds, pinThisProcess } from '../process-meter.ts';
import type { Figure } from '../report.ts';

const FRAME_MESSAGES = 500;
/** Bytes on their way through the relay. */
const WINDOW_BYTES = 1_048_576;
/** `write` is what the generator gives the system at a time; the relay writes what one read brings. */
const RELAYS = [
  { what: 'relay, one hop: frames of 500 × 100 B', write: FRAME_MESSAGES * 100, messages: FRAME_MESSAGES, inFlight: WINDOW_BYTES },
  { what: 'relay, one hop: 100 B singles, 64 a write', write: 64 * 100, messages: 64, inFlight: WINDOW_BYTES },
  { what: 'relay, one hop: 100 B, one message a packet', write: 100, messages: 1, inFlight: 100 },
] as const;
const FRAME_BYTES = FRAME_MESSAGES * 66;
const APPENDS = [1, 8, 32] as const;
/** As a core commits messages of 128 B one by one: envelope, row and mark of each. */
const SINGLES = { count: 1_700, bytes: 330 } as const;
/** Pairs of sender and recipient: each comes once, then all again in the same order. */
const ROWS = { senders: 50, recipients: 2_000 } as const;

export const benchmark: Benchmark = {
  name: 'floors',
  summary:
    'what bare parts cost: a relay that reads and writes, a file that is appended to and synced, a row that is found; no design can be below their sum',
  flags: [
    { name: 'milliseconds', meaning: 'length of a round', fallback: 1_000 },
    { name: 'rounds', meaning: 'rounds of each part', fallback: 3 },
  ],
  async run(flag, io) {
    const [rounds, milliseconds] = [flag('rounds'), flag('milliseconds')];
    const measured = async (what: string, measure: () => Promise<number>): Promise<Figure> => {
      const values: number[] = [];
      for (let round = 0; round < rounds; round++) values.push(await measure());
      io.note(what);
      return { what, unit: 'µs CPU/message', values, voidReasons: [] };
    };
    const figures: Figure[] = [];
    for (const shape of RELAYS) figures.push(await measured(shape.what, () => relayed(shape, milliseconds, io)));
    for (const frames of APPENDS) {
      const what = `append and fdatasync: ${frames} × 500 × 64 B a batch`;
      const batch = { bytes: frames * FRAME_BYTES, messages: frames * FRAME_MESSAGES };
      figures.push({ ...(await measured(what, () => appended(batch, milliseconds, io))), durability: 'D2' });
    }
    const batch = { bytes: SINGLES.count * SINGLES.bytes, messages: SINGLES.count };
    const what = `append and fdatasync: ${SINGLES.count.toLocaleString('en')} × ${SINGLES.bytes} B a batch`;
    figures.push({ ...(await measured(what, () => appended(batch, milliseconds, io))), durability: 'D2' });
    const rows = (ROWS.senders * ROWS.recipients).toLocaleString('en');
    figures.push(await measured(`row of a message: found among ${rows} by its key, number set`, async () => foundRows(milliseconds)));
    return {
      scenario: 'floors',
      figures,
      remarks: ['the relay is a process of its own on the servers’ CPU; the rest is this process with its threads'],
    };
  },
};

async function relayed(shape: (typeof RELAYS)[number], milliseconds: number, { cpus }: BenchmarkIo): Promise<number> {
  const node = [process.execPath, ...nodeFlags('edge', process.versions.v8), join(import.meta.dirname, '..', 'bare-relay.ts')];
  const [command, ...args] = cpus === undefined ? node : ['taskset', '-c', String(cpus.server), ...node];
  const relay = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (cpus !== undefined) pinThisProcess(cpus.generator);
  const [line] = (await once(relay.stdout, 'data')) as [Buffer];
  const socket = connect({ port: Number(line.toString()), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const bytes = Buffer.alloc(shape.write);
  let [sent, received] = [0, 0];
  const pump = () => {
    for (; sent - received + bytes.length <= shape.inFlight; sent += bytes.length) socket.write(bytes);
  };
  socket.on('data', (chunk) => {
    received += chunk.length;
    pump();
  });
  pump();
  const turn = () => new Promise((resolve) => setTimeout(resolve, milliseconds));
  await turn();
  const [before, from] = [cpuSeconds([relay.pid!]), received];
  await turn();
  const seconds = cpuSeconds([relay.pid!]) - before;
  const messages = ((received - from) / shape.write) * shape.messages;
  socket.destroy();
  relay.stdin.end();
  await once(relay, 'exit');
  return (seconds / messages) * 1e6;
}

async function appended(
  { bytes, messages: each }: { bytes: number; messages: number },
  milliseconds: number,
  { stateRoot }: BenchmarkIo,
): Promise<number> {
  const folder = mkdtempSync(join(stateRoot, 'iris-floor-'));
  const file = await open(join(folder, 'log'), 'w');
  try {
    const batch = Buffer.alloc(bytes, 7);
    let [messages, at] = [0, 0];
    const untilMs = performance.now() + milliseconds;
    const before = process.cpuUsage();
    while (performance.now() < untilMs) {
      await file.write(batch, 0, batch.length, at);
      await file.datasync();
      at += batch.length;
      messages += each;
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / messages;
  } finally {
    await file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Finds rows by their keys where these stand in envelopes, the first time new, as a core must to know duplicates. */
function foundRows(milliseconds: number): number {
  const names = Array.from({ length: ROWS.senders * ROWS.recipients }, (_, pair) => {
    const device = '\0'.repeat(7) + String.fromCharCode(pair % ROWS.senders);
    return `${device}sender-${pair % ROWS.senders}offline-${Math.floor(pair / ROWS.senders)}`;
  });
  const envelopes = Buffer.alloc(names.length * SINGLES.bytes);
  const ends = names.map((name, pair) => pair * SINGLES.bytes + envelopes.write(name, pair * SINGLES.bytes, 'latin1'));
  const table = new KeyTable(1);
  const key = { bytes: envelopes, start: 0, end: 0, hash: 0 };
  const untilMs = performance.now() + milliseconds;
  const before = process.cpuUsage();
  let found = 0;
  do {
    for (let pair = 0; pair < names.length; pair++, found++) {
      key.start = pair * SINGLES.bytes;
      key.end = ends[pair] as number;
      key.hash = keyHash(envelopes, key.start, key.end);
      const known = table.find(key);
      const row = known < 0 ? table.add(key) : known;
      table.numbers[row] = pair;
    }
  } while (performance.now() < untilMs);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / found;
}
