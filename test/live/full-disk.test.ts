/** F10, L1, L7: a core on a disk of 16 MB refuses with a code when it is full, loses nothing, and serves again when readers make room. */
import { spawnSync } from 'node:child_process';
import { IrisClient } from '../../runtime/client/index.ts';
import { errorCodeOfWire } from '../../runtime/contract/errors.ts';
import { decodeFault } from '../../runtime/wire/v2/fault.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { SEND_FRESH } from '../../runtime/wire/v2/send.ts';
import { until } from '../servers/node-pair.ts';
import { V2Client } from '../servers/v2-client.ts';
import { LiveFleet } from './live-fleet.ts';
import { report } from './traffic.ts';

const BODY_BYTES = 16_000;
let fleet: LiveFleet;

beforeAll(async () => {
  const mount = spawnSync('unshare', ['-rm', 'true'], { encoding: 'utf8' });
  if (mount.status !== 0)
    throw new Error(
      `this test mounts a file system of 16 MB in a namespace of its own, which needs root or user namespaces: ${mount.stderr}`,
    );
  fleet = await LiveFleet.start({
    regions: { tokyo: { edges: 1, cores: 1 } },
    fields: (node) => (node.includes('core') ? { store: { kind: 'embedded', directory: 'disk/store' } } : {}),
    started: (node, folder) => {
      const script = 'mkdir -p "$0" && mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"';
      return node.includes('core')
        ? { through: ['unshare', '-rm', 'sh', '-c', script, `${folder}/disk`], env: { PATH: process.env['PATH'] ?? '' } }
        : {};
    },
  });
}, 60_000);
afterAll(() => fleet?.stop());

/** One message; undefined once it is stored, else the refusal's code. Each begins anew, so that a refusal fences nothing. */
async function refusalOf(client: V2Client, sequence: number): Promise<string | undefined> {
  client.send('reader', sequence, [`${sequence} `.padEnd(BODY_BYTES, 'x')], { flags: SEND_FRESH });
  const { opcode, reader } = await client.frame();
  if (opcode === Opcode.Sent) return undefined;
  return errorCodeOfWire(decodeFault(reader).wire) ?? 'unknown';
}

async function fill(client: V2Client, from: number): Promise<{ stored: number[]; next: number; code: string }> {
  const stored: number[] = [];
  for (let sequence = from; ; sequence++) {
    const code = await refusalOf(client, sequence);
    if (code !== undefined) return { stored, next: sequence + 1, code };
    stored.push(sequence);
  }
}

it('refuses with a code, stays up, keeps what it took, and takes more once readers have made room (F10)', async () => {
  const address = fleet.address('tokyo-edge-0');
  const sender = await V2Client.logIn(address, 'sender');
  const { stored, next, code } = await fill(sender, 1);
  expect(code).toBe('STORE_FAILED');
  // Once the breaker has opened, the edge refuses by itself.
  for (let i = 0; i < 8; i++) expect(['STORE_FAILED', 'SHARD_UNAVAILABLE']).toContain(await refusalOf(sender, next + i));
  const reader = await IrisClient.connect({ addresses: [address], user: 'reader' });
  const read: number[] = [];
  const readUntil = async (count: number) => {
    for await (const message of reader.messages()) {
      read.push(Number.parseInt(message.text(), 10));
      reader.ack(message);
      if (read.length >= count) return;
    }
  };
  await readUntil(Math.floor(stored.length / 2));
  let sequence = next + 8;
  await until(async () => (await refusalOf(sender, sequence++)) === undefined, 'messages are taken again', 20_000);
  stored.push(sequence - 1);
  const more = await fill(sender, sequence);
  stored.push(...more.stored);
  await readUntil(stored.length);
  report(
    `F10: ${stored.length} messages of ${BODY_BYTES} bytes through a disk of 16 MB, refused twice with ${code} and ${more.code}; 0 lost of ${stored.length}, loss bound 3/N = ${(3 / stored.length).toExponential(1)}`,
  );
  expect(read).toEqual(stored);
  expect(fleet.process('tokyo-core-0').isRunning).toBe(true);
  await reader.close();
}, 120_000);
