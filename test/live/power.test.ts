/** F5, L1: the system calls of a core show that an fsync stands between a message’s bytes and its acknowledgement. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinkOpcode } from '../../runtime/wire/link/opcodes.ts';
import { until } from '../servers/node-pair.ts';
import { V2Client } from '../servers/v2-client.ts';
import { requireTool, STRACE } from '../services/tool.ts';
import { LiveFleet } from './live-fleet.ts';
import { report } from './traffic.ts';

const MESSAGES = 200;
const folder = mkdtempSync(join(tmpdir(), 'iris-trace-'));
const trace = join(folder, 'core.strace');
let fleet: LiveFleet;

beforeAll(async () => {
  requireTool(STRACE);
  const calls = 'write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync';
  // -D leaves the node the test's own child; -yy names what a descriptor is; -xx shows bytes.
  const through = ['strace', '-D', '-f', '-yy', '-xx', '-s', '800', '-e', `trace=${calls}`, '-o', trace];
  const env = { PATH: process.env['PATH'] ?? '' };
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 1, cores: 1 } },
    started: (node) => (node === 'tokyo-core-0' ? { through, env } : {}),
  });
}, 60_000);
afterAll(async () => {
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Call {
  readonly kind: 'written' | 'synced' | 'acknowledged';
  /** What was written, as hex. */
  readonly hex: string;
}

/** The calls in the order in which they count: a write when it begins, an fsync when it is done. */
function callsOf(text: string): Call[] {
  const calls: Call[] = [];
  const syncing = new Set<string>();
  for (const traced of text.split('\n')) {
    const line = traced.replaceAll(/<((?:\\x[0-9a-f]{2})+)>/g, (_, path: string) => `<${bytesOf(path).toString()}>`);
    const thread = line.slice(0, line.indexOf(' '));
    const hex = [...line.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, bytes]) => (bytes as string).replaceAll('\\x', '')).join('');
    if (/ f(?:data)?sync\(\d+<[^>]*\.log>/.test(line)) {
      if (line.includes('unfinished')) syncing.add(thread);
      else calls.push({ kind: 'synced', hex });
    } else if (/<\.\.\. f(?:data)?sync resumed/.test(line)) {
      if (syncing.delete(thread)) calls.push({ kind: 'synced', hex });
    } else if (/ p?write(?:v|64)?\(\d+<[^>]*\.log>/.test(line)) calls.push({ kind: 'written', hex });
    else if (/(?:write|writev|sendto|sendmsg)\(\d+<TCP/.test(line) && hasAppended(Buffer.from(hex, 'hex')))
      calls.push({ kind: 'acknowledged', hex });
  }
  return calls;
}

/** What -xx wrote as `\x2f\x74…`. */
function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex');
}

/** Whether a write to a link holds an APPENDED frame. */
function hasAppended(bytes: Buffer): boolean {
  for (let at = 0; at + 5 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) if (bytes[at + 4] === LinkOpcode.Appended) return true;
  return false;
}

it(`each of ${MESSAGES} acknowledgements leaves the core after an fsync of the log that holds its message (F5)`, async () => {
  const client = await V2Client.logIn(fleet.address('tokyo-edge-0'), 'alice');
  const marker = (i: number) => `marker-${String(i).padStart(6, '0')}`;
  for (let i = 0; i < MESSAGES; i++) {
    client.send('bob', i + 1, [marker(i)], { previous: i });
    expect((await client.sent()).durability).toBe(2);
  }
  const last = Buffer.from(marker(MESSAGES - 1))
    .toString('hex')
    .replaceAll(/../g, '\\x$&');
  await until(() => readFileSync(trace, 'latin1').includes(last), 'the trace is written');
  const calls = callsOf(readFileSync(trace, 'latin1'));
  const proven: string[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const bytes = Buffer.from(marker(i)).toString('hex');
    const written = calls.findIndex(({ kind, hex }) => kind === 'written' && hex.includes(bytes));
    const synced = calls.findIndex(({ kind }, at) => at > written && kind === 'synced');
    const acknowledged = calls.findIndex(({ kind }, at) => at > written && kind === 'acknowledged');
    if (written >= 0 && synced > written && acknowledged > synced) proven.push(marker(i));
  }
  report(`F5: ${proven.length} of ${MESSAGES} acknowledgements left after an fsync of their message, by the core’s system calls`);
  expect(proven).toHaveLength(MESSAGES);
}, 60_000);
