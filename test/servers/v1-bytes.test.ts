/** P1, N7, W4, W6: the original’s clients, byte for byte, against real nodes. */
import { NodePair, until } from './node-pair.ts';
import { hex, RawSocket } from './raw-socket.ts';
import { ack, batch, login, send, status, V1Client } from './v1-client.ts';

let pair: NodePair;
let users = 0;

/** A name that no other test has used. */
const name = (prefix: string) => `${prefix}${++users}`;

beforeAll(async () => {
  pair = await NodePair.start(22_000);
});
afterAll(() => pair.stop());

interface Party {
  readonly user: string;
  readonly client: V1Client;
}

async function party(prefix: string): Promise<Party> {
  const user = name(prefix);
  return { user, client: await V1Client.logIn(pair.address, user) };
}

describe('the bytes of protocol v1 §1.3', () => {
  let alice: V1Client;
  let bob: V1Client;

  beforeAll(async () => {
    [alice, bob] = await Promise.all([openAlice(), V1Client.logIn(pair.address, 'bob')]);
  });

  async function openAlice(): Promise<V1Client> {
    const client = await V1Client.open(pair.address);
    client.raw.write('01 616c696365');
    expect((await client.raw.take(9)).toString('hex')).toBe('034c4f47494e5f4f4b');
    return client;
  }

  it('deliver a SEND as 10 with a 16-byte id, and an ACK of it keeps it from coming again', async () => {
    alice.raw.write('02 0003 626f62 0002 6869');
    const packet = await bob.raw.take(25);
    expect(packet.subarray(0, 3)).toEqual(hex('10 0010'));
    expect(packet.subarray(19)).toEqual(hex('00000002 6869'));
    bob.raw.write(ack(packet.subarray(3, 19)));
  });

  it('deliver both messages of a BATCH to an online user, live and in order', async () => {
    alice.raw.write('04 0003 626f62 00000006 0001 61 0001 62');
    const messages = await bob.messages(2);
    expect(messages.map(({ body }) => body)).toEqual(['a', 'b']);
    for (const message of messages) bob.ack(message);
  });

  it('answer STATUS of an online user with 1 and no time, of an unknown one with 0 and no time', async () => {
    alice.raw.write('05 0003 626f62');
    expect(await alice.raw.take(15)).toEqual(hex('06 0003 626f62 01 0000000000000000'));
    alice.raw.write('05 0002 7a7a');
    expect(await alice.raw.take(14)).toEqual(hex('06 0002 7a7a 00 0000000000000000'));
  });

  it('answer STATUS of a user who has left with 0 and the second', async () => {
    const [gone, asker] = [await party('gone'), await party('asker')];
    asker.client.send(gone.user, 'are you there?');
    await gone.client.message();
    const before = Math.floor(Date.now() / 1_000);
    gone.client.end();
    await until(async () => {
      asker.client.raw.write(status(gone.user));
      const answer = await asker.client.raw.take(3 + gone.user.length + 9);
      const at = 3 + gone.user.length;
      return answer[at] === 0 && Number(answer.readBigUInt64BE(at + 1)) >= before;
    }, 'the status turns to offline');
  });

  it('answer GROUP_CREATE as the original does without its group service, and both prekey requests with none', async () => {
    alice.raw.write('30 0001 67');
    expect(await alice.raw.take(28)).toEqual(hex('fe 0019 67726f75705f736572766963655f756e617661696c61626c65'));
    alice.raw.write('21 0003 626f62 20 00000001 a0');
    expect(await alice.raw.take(10)).toEqual(hex('22 00000000 22 00000000'));
  });

  it('deliver an encrypted message inside a 10 with its sender, the header untouched', async () => {
    alice.raw.write('23 0003 626f62 0007 a2616201616102 00000001 ff');
    const message = await bob.message();
    expect(Buffer.from(message.body, 'latin1')).toEqual(hex('24 0005 616c696365 0007 a2616201616102 00000001 ff'));
    bob.ack(message);
  });

  it('answer nothing to TYPING and READ_RECEIPT, and show them to whom they name', async () => {
    alice.raw.write('70 0003 626f62 71 0003 626f62 74 0002 6964 0003 626f62');
    expect(await bob.raw.take(18)).toEqual(hex('72 0005 616c696365 01 72 0005 616c696365 00'));
    const receipt = await bob.raw.take(20);
    expect(receipt.subarray(0, 12)).toEqual(hex('75 0002 6964 0005 616c696365'));
    expect(Math.abs(Number(receipt.readBigUInt64BE(12)) - Date.now())).toBeLessThan(60_000);
    alice.send('bob', 'after typing');
    const message = await bob.message();
    expect(message.body).toBe('after typing');
    bob.ack(message);
    expect([alice.raw.received.length, bob.raw.received.length]).toEqual([0, 0]);
  });
});

describe('packets that arrive joined or split (§1.4)', () => {
  it('take effect each: LOGIN+SEND in one write', async () => {
    const bob = await party('bob');
    const alice = await V1Client.open(pair.address);
    alice.raw.write(Buffer.concat([login(name('alice')), send(bob.user, 'first')]));
    await alice.loggedIn();
    expect((await bob.client.message())?.body).toBe('first');
  });

  it('take effect each: ACK+ACK and ACK+SEND in one write', async () => {
    const [alice, bob] = [await party('alice'), await party('bob')];
    for (const body of ['one', 'two', 'three']) alice.client.send(bob.user, body);
    const [one, two, three] = [await bob.client.message(), await bob.client.message(), await bob.client.message()];
    bob.client.raw.write(Buffer.concat([ack(one.id), ack(two.id), send(alice.user, 'reply')]));
    expect((await alice.client.message()).body).toBe('reply');
    bob.client.end();
    const again = await V1Client.logIn(pair.address, bob.user);
    const left = await again.message();
    expect(left.body).toBe('three');
    expect(left.id).toEqual(three.id);
    expect(again.raw.received.length).toBe(0);
  });

  it('take effect each wherever the stream is cut', async () => {
    const [alice, bob] = [await party('alice'), await party('bob')];
    const stream = Buffer.concat([send(bob.user, 'one'), batch(bob.user, ['two', 'three']), send(bob.user, ''), send(bob.user, 'end')]);
    for (let cut = 1; cut < stream.length; cut++) {
      alice.client.raw.write(stream.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      alice.client.raw.write(stream.subarray(cut));
      const messages = await bob.client.messages(5);
      expect(messages.map(({ body }) => body)).toEqual(['one', 'two', 'three', '', 'end']);
      for (const message of messages) bob.client.ack(message);
    }
    for (const byte of stream) {
      alice.client.raw.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await bob.client.messages(5)).map(({ body }) => body)).toEqual(['one', 'two', 'three', '', 'end']);
  });

  it('that cannot be read cost the rest of their read, and the connection serves on', async () => {
    const [alice, bob] = [await party('alice'), await party('bob')];
    alice.client.raw.write(Buffer.concat([send(bob.user, 'kept'), hex('f3 01 02 03'), send(bob.user, 'dropped with it')]));
    await bob.client.message();
    await alice.client.handled();
    alice.client.send(bob.user, 'later');
    expect((await bob.client.message()).body).toBe('later');
  });
});

it('a batch of 500 reaches an online user live and in order, and one above 1,000 is answered (L7)', async () => {
  const [alice, bob] = [await party('alice'), await party('bob')];
  const bodies = Array.from({ length: 500 }, (_, i) => `message ${i}`);
  alice.client.raw.write(batch(bob.user, bodies));
  const messages = await bob.client.messages(500);
  expect(messages.map(({ body }) => body)).toEqual(bodies);
  expect(new Set(messages.map(({ id }) => id.toString('hex'))).size).toBe(500);
  alice.client.raw.write(
    batch(
      bob.user,
      Array.from({ length: 1_000 }, () => 'x'),
    ),
  );
  expect(await bob.client.messages(1_000)).toHaveLength(1_000);
  alice.client.raw.write(
    batch(
      bob.user,
      Array.from({ length: 1_001 }, () => 'x'),
    ),
  );
  const reason = 'batch_of_1001_limit_1000';
  expect((await alice.client.raw.take(3 + reason.length)).toString('latin1')).toBe(`\xfe\0${String.fromCharCode(reason.length)}${reason}`);
});

it('a frame before the login is refused, and the login still works (A1)', async () => {
  const raw = await RawSocket.open(pair.address);
  raw.write(send('bob', 'spoofed'));
  expect((await raw.take(16)).toString('latin1')).toBe('\xfe\0\x0dnot_logged_in');
  raw.write(login(name('late')));
  expect((await raw.take(9)).toString('latin1')).toBe('\x03LOGIN_OK');
});
