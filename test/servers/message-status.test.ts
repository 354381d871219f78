/** L6, P4, P5: statuses at the port of real nodes: asked for, pushed, asked again, and never shown to a client of version 2. */
import { SIGNALS_BURST_MAX } from '../../runtime/contract/limits.ts';
import { decodeMessageStatus, encodeMessageStatusQuery } from '../../runtime/wire/v2/message-status.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { encodeRead } from '../../runtime/wire/v2/read.ts';
import { SEND_STATUS_WANTED } from '../../runtime/wire/v2/send.ts';
import { NodePair } from './node-pair.ts';
import { framed, V2Client } from './v2-client.ts';

let pair: NodePair;
let users = 0;
const name = (prefix: string) => `${prefix}-${++users}`;
const through = (last: number) => [{ after: 0, through: last }];
const query = (recipient: string) => framed((out) => encodeMessageStatusQuery(out, Buffer.from(recipient)));
const status = async (client: V2Client) => decodeMessageStatus(await client.expect(Opcode.MessageStatus));

beforeAll(async () => {
  pair = await NodePair.start(22_540);
});
afterAll(() => pair.stop());

it('tells a sender what its recipient has acknowledged and read, also after both have come back', async () => {
  const [aliceName, bobName] = [name('alice'), name('bob')];
  const alice = await V2Client.logIn(pair.address, aliceName, { versionMax: 3 });
  const bob = await V2Client.logIn(pair.address, bobName, { versionMax: 3 });
  alice.send(bobName, 1, ['a', 'b'], { flags: SEND_STATUS_WANTED });
  await alice.sent();
  const delivery = await bob.deliver();
  expect(delivery).toMatchObject({ isStatusWanted: true, sequence: 1, previous: 0 });
  bob.ack({ bucket: 0, position: delivery.position, index: 1 });
  expect(await status(alice)).toEqual({ recipient: Buffer.from(bobName), delivered: through(2), read: [] });
  const read = { device: delivery.device, sender: Buffer.from(delivery.sender), sequences: through(1) };
  bob.raw.write(framed((out) => encodeRead(out, read)));
  expect(await status(alice)).toEqual({ recipient: Buffer.from(bobName), delivered: through(2), read: through(1) });
  alice.end();
  const again = await V2Client.logIn(pair.address, aliceName, { versionMax: 3 });
  again.raw.write(query(bobName));
  expect(await status(again)).toEqual({ recipient: Buffer.from(bobName), delivered: through(2), read: through(1) });
});

it('keeps statuses through kill -9 of the core, and tells its senders that they may have missed some', async () => {
  const [alice, bobName] = [await V2Client.logIn(pair.address, name('alice'), { versionMax: 3 }), name('bob')];
  const bob = await V2Client.logIn(pair.address, bobName, { versionMax: 3 });
  alice.send(bobName, 1, ['a'], { flags: SEND_STATUS_WANTED });
  await alice.sent();
  bob.ack({ bucket: 0, position: (await bob.deliver()).position, index: 0 });
  expect((await status(alice)).delivered).toEqual(through(1));
  await pair.core.kill();
  await pair.startCore();
  expect((await status(alice)).recipient.length).toBe(0);
  alice.raw.write(query(bobName));
  expect((await status(alice)).delivered).toEqual(through(1));
});

it('shows a client of version 2 nothing of it, and knows none of its frames', async () => {
  const [alice, bobName] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  const bob = await V2Client.logIn(pair.address, bobName);
  alice.send(bobName, 1, ['a'], { flags: SEND_STATUS_WANTED });
  await alice.sent();
  bob.ack({ bucket: 0, position: (await bob.deliver()).position, index: 0 });
  expect(await bob.ping(1)).toBe(1);
  alice.raw.write(query(bobName));
  expect((await alice.fault()).code).toBe('OPCODE_UNKNOWN');
  expect(await alice.ping(2)).toBe(2);
});

it('passes over what is beyond the budget of signals, visibly, and goes on (L7, A8)', async () => {
  const alice = await V2Client.logIn(pair.address, name('alice'), { versionMax: 3 });
  alice.raw.write(Buffer.concat(Array.from({ length: SIGNALS_BURST_MAX + 100 }, () => query('bob'))));
  let answers = 0;
  for (;;) {
    const { opcode } = await alice.frame();
    if (opcode === Opcode.Fault) break;
    answers++;
  }
  expect(answers).toBeLessThanOrEqual(SIGNALS_BURST_MAX + 50);
  alice.end();
});
