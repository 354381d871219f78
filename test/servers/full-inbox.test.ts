/** X4, L7: at the port of real nodes, a full inbox refuses its senders alone, keeps what it has through kill -9, and opens when it is read. */
import { SEND_FRESH } from '../../runtime/wire/v2/send.ts';
import { NodePair } from './node-pair.ts';
import { V2Client } from './v2-client.ts';

let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_070, {}, { inboxEnvelopesMax: 5 });
});
afterAll(() => pair.stop());

it('answers INBOX_FULL with the time to wait, delivers the five it took, and takes more then', async () => {
  const alice = await V2Client.logIn(pair.address, 'alice');
  for (let sequence = 1; sequence <= 5; sequence++) {
    alice.send('bob', sequence, [`m${sequence}`], { previous: sequence - 1 });
    expect((await alice.sent()).sequence).toBe(sequence);
  }
  alice.send('bob', 6, ['m6'], { previous: 5 });
  expect(await alice.fault()).toMatchObject({ code: 'INBOX_FULL', sequence: 6, count: 1 });
  alice.send('dave', 7, ['for another']);
  expect((await alice.sent()).sequence).toBe(7);

  await pair.core.kill();
  await pair.startCore();
  const bob = await V2Client.logIn(pair.address, 'bob');
  const bodies: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { bucket, position, messages } = await bob.deliver();
    bodies.push(...messages.map(String));
    bob.ack({ bucket, position, index: 0 });
  }
  expect(bodies).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  await bob.bye();
  alice.send('bob', 6, ['m6'], { previous: 5, flags: SEND_FRESH });
  expect((await alice.sent()).sequence).toBe(6);
}, 30_000);
