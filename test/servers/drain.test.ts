/** X5, B7, L7: SIGTERM lets a node leave: clients are told, what was taken in is answered, the exit code is 0. */
import { join } from 'node:path';
import { decodeGoaway } from '../../runtime/wire/v2/goaway.ts';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { decodeSent } from '../../runtime/wire/v2/sent.ts';
import { NodePair, NodeProcess, until } from './node-pair.ts';
import { RawSocket } from './raw-socket.ts';
import { V1Client } from './v1-client.ts';
import { sendFrame, V2Client } from './v2-client.ts';

let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_060);
});
afterAll(() => pair.stop());

it('an edge says GOAWAY to v2 clients, answers the sends it has taken in, takes no newcomers, and exits 0', async () => {
  const [alice, old] = [await V2Client.logIn(pair.address, 'alice'), await V1Client.logIn(pair.address, 'old')];
  const silent = await RawSocket.open(pair.address);
  const sends = Array.from({ length: 200 }, (_, i) => sendFrame('bob', i + 1, [`${i}`], { previous: i }));
  alice.raw.write(Buffer.concat(sends));
  await until(async () => (await pair.metric('edge', 'iris_messages_in_total')) >= 200, 'the sends are taken in');
  const startMs = performance.now();
  const exited = pair.edge.stop();
  let answered = 0;
  let goaway: number | undefined;
  while (answered < 200 || goaway === undefined) {
    const { opcode, reader } = await alice.frame();
    if (opcode === Opcode.Sent) answered += decodeSent(reader).count;
    else if (opcode === Opcode.Goaway) goaway = decodeGoaway(reader).reconnectAfterMs;
    else throw new Error(`opcode 0x${opcode.toString(16)} while draining`);
  }
  expect(goaway).toBeLessThanOrEqual(500);
  await expect(RawSocket.open(pair.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect((await pair.admin('edge', '/readyz')).body).toBe('draining\n');
  alice.send('bob', 201, ['still served'], { previous: 200 });
  await alice.sent();
  expect(await exited).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(5_000);
  await Promise.all([alice.raw.closed(), old.raw.closed(), silent.closed()]);
  await pair.startEdge();
  const bob = await V2Client.logIn(pair.address, 'bob');
  for (let i = 0; i < 200; i++) expect(String((await bob.deliver()).messages[0])).toBe(`${i}`);
  expect(String((await bob.deliver()).messages[0])).toBe('still served');
  bob.end();
});

it('an edge whose clients leave when told is gone before its time is over', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => V2Client.logIn(pair.address, `leaver-${i}`)));
  const exited = pair.edge.stop();
  const startMs = performance.now();
  const delays = await Promise.all(clients.map(async (client) => decodeGoaway(await client.expect(Opcode.Goaway)).reconnectAfterMs));
  for (const client of clients) client.end();
  expect(await exited).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(900);
  expect(new Set(delays).size).toBeGreaterThan(5);
  await pair.startEdge();
});

it('a core commits what it has taken in, exits 0, and its successor serves the sends that waited', async () => {
  const alice = await V2Client.logIn(pair.address, 'alice');
  alice.send('carol', 1, ['before']);
  await alice.sent();
  expect(await pair.core.stop()).toBe(0);
  alice.send('carol', 2, ['after'], { previous: 1 });
  await pair.startCore();
  expect((await alice.sent()).sequence).toBe(2);
  const carol = await V2Client.logIn(pair.address, 'carol');
  expect([String((await carol.deliver()).messages[0]), String((await carol.deliver()).messages[0])]).toEqual(['before', 'after']);
});

it('a second node on a taken port ends with one coded line', async () => {
  const [core, edge] = (['core', 'edge'] as const).map((role) => new NodeProcess(role, join(pair.folder, `${role}.json`)));
  expect([await core?.ended(), await edge?.ended()]).toEqual([1, 1]);
  expect(core?.said).toMatch(/ADDRESS_IN_USE: 127\.0\.0\.1:22062 is taken/);
  expect(edge?.said).toMatch(/ADDRESS_IN_USE: 127\.0\.0\.1:22060 is taken/);
});
