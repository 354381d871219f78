/** F6: a torn or bit-flipped log is detected, cut at the last good record or refused, and never served. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlockCache } from '../../../../runtime/adapters/inbox-log/block-cache.ts';
import { Kind, LogBatch, OperationReader } from '../../../../runtime/adapters/inbox-log/log-operations.ts';
import { LogRing } from '../../../../runtime/adapters/inbox-log/log-ring.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from '../../../../runtime/adapters/inbox-log/segment-file.ts';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import { Turns } from '../../../../runtime/measure/turns.ts';
import type { InboxStore } from '../../../../runtime/ports/inbox-store.ts';
import { SectorDisk } from '../../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../../runtime/simulation/seeded-random.ts';
import { bodiesOf, envelopeOf } from '../../../fakes/envelopes.ts';

const ALL = { envelopesMax: 1_000, bytesMax: 1 << 30 };
const bob = Buffer.from('bob');
const COMMITS = 3;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'iris-damage-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A log of COMMITS synced commits, one envelope each: as a process that was killed leaves it, or one that closed it. */
async function writeLog(directory: string, options: { isClosed: boolean; segmentBytes?: number }): Promise<void> {
  const source = join(root, 'source');
  const store = await openLogStore(source, options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes });
  for (let number = 1; number <= COMMITS; number++) await append(store, number);
  if (!options.isClosed) cpSync(join(source, 'log'), join(directory, 'log'), { recursive: true });
  await store.close();
  if (options.isClosed) cpSync(source, directory, { recursive: true });
}

async function append(store: InboxStore, number: number): Promise<void> {
  const batch = store.batch();
  batch.appendInbox(bob, 0, number, envelopeOf({ bodies: [`message ${number}`] }));
  await store.commit(batch, { sync: true });
}

/** The messages a log serves, or the code with which it is refused. It also has to take another commit. */
async function outcomeOf(log: Buffer): Promise<string[] | string> {
  const directory = '/log';
  const disk = new SectorDisk({ random: new SeededRandom(1) });
  const file = await disk.open(join(directory, segmentName({ number: 1, epoch: 1 })), 'create');
  await file.write([log], 0);
  let epoch = 1;
  const served: string[] = [];
  const reader = new OperationReader();
  const open = () =>
    LogRing.open(
      { disk, directory, cache: new BlockCache(1), lease: { epoch: ++epoch, isHeld: true }, turns: new Turns(setImmediate) },
      {
        droppedBelow: 1,
        reserved: 1,
        record(bytes, start, end) {
          reader.begin(bytes, start, end);
          while (reader.next()) if (reader.kind === Kind.append) served.push(...bodiesOf(reader.body));
        },
      },
    );
  try {
    const ring = await open();
    const batch = new LogBatch();
    batch.appendInbox(bob, 0, 100, envelopeOf({ bodies: ['one more'] }));
    await ring.append(batch, { sync: false });
    await ring.closeFiles();
    const before = served.splice(0);
    await (await open()).closeFiles();
    expect(served).toEqual([...before, 'one more']);
    return before;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const first = (count: number) => Array.from({ length: count }, (_, i) => `message ${i + 1}`);
const logOf = (directory: string) => join(directory, 'log', readdirSync(join(directory, 'log')).sort()[0] as string);
/** A log without the zeros behind it, and where its records begin and end. */
function recordsOf(directory: string): { log: Buffer; borders: number[] } {
  const log = readFileSync(logOf(directory));
  const nonce = log.subarray(16, 24);
  const borders: number[] = [];
  for (let at = log.indexOf(nonce, SEGMENT_HEADER_BYTES); at >= 0; at = log.indexOf(nonce, at + 1)) borders.push(at);
  const last = borders.at(-1) as number;
  const end = last + 32 + log.readUInt32LE(last + 12);
  return { log: log.subarray(0, end), borders: [...borders, end] };
}

async function flipEach(isClosed: boolean): Promise<{ borders: number[]; outcomes: (string[] | string)[] }> {
  const whole = join(root, 'whole');
  await writeLog(whole, { isClosed });
  const { log, borders } = recordsOf(whole);
  const outcomes: (string[] | string)[] = [];
  for (let at = 0; at < log.length; at++) {
    const bytes = Buffer.from(log);
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    outcomes.push(await outcomeOf(bytes));
  }
  return { borders, outcomes };
}

it('refuses a log with a flipped bit in any record but the last, and cuts that one as a torn end', async () => {
  const { borders, outcomes } = await flipEach(false);
  const lastRecord = borders.at(-2) as number;
  for (const [at, outcome] of outcomes.entries())
    expect({ at, outcome }).toEqual({ at, outcome: at < lastRecord ? 'STORE_FAILED' : first(COMMITS - 1) });
}, 120_000);

it('refuses every flipped bit that touches a message once the log was closed', async () => {
  const { borders, outcomes } = await flipEach(true);
  const closingRecord = borders.at(-2) as number;
  for (const [at, outcome] of outcomes.entries())
    expect({ at, outcome }).toEqual({ at, outcome: at < closingRecord ? 'STORE_FAILED' : first(COMMITS) });
}, 120_000);

it('serves what is whole of a log cut at any byte, and goes on from there', async () => {
  const whole = join(root, 'whole');
  await writeLog(whole, { isClosed: false });
  const { log, borders } = recordsOf(whole);
  for (let length = 0; length <= log.length; length++) {
    const records = borders.filter((border) => border <= length).length - 1;
    expect({ length, outcome: await outcomeOf(log.subarray(0, length)) }).toEqual({ length, outcome: first(Math.max(0, records)) });
  }
}, 120_000);

it('refuses a log that misses a segment in its middle', async () => {
  const whole = join(root, 'whole');
  await writeLog(whole, { isClosed: true, segmentBytes: 200 });
  const names = readdirSync(join(whole, 'log')).sort();
  expect(names.length).toBeGreaterThan(2);
  rmSync(join(whole, 'log', names[1] as string));
  await expect(openLogStore(whole)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

it('fails a read of bytes that changed on the disk since they were written, and serves the others', async () => {
  const directory = join(root, 'changing');
  const store = await openLogStore(directory, { cacheBytes: 1 });
  const big = (number: number) => envelopeOf({ bodies: [String(number).repeat(60_000)] });
  for (let number = 1; number <= 9; number++) {
    const batch = store.batch();
    batch.appendInbox(Buffer.from(`user-${number}`), 0, number, big(number));
    await store.commit(batch, { sync: true });
  }
  const path = logOf(directory);
  const log = readFileSync(path);
  log[70_000] = (log[70_000] as number) ^ 1;
  writeFileSync(path, log);
  const read = (number: number) => store.readInbox(Buffer.from(`user-${number}`), 0, 0, ALL);
  await expect(read(2)).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(path) });
  expect(await read(5)).toEqual([{ position: 5, envelope: big(5), firstIndex: 0 }]);
  await store.close();
});

it('refuses a folder of format 1 with what to do', async () => {
  writeFileSync(join(root, 'CURRENT'), 'MANIFEST-000001\n');
  await expect(openLogStore(root)).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('remove the folder') });
});
