/** L6, P5, L8: what a client tells and asks of statuses: paced, again after what it said may be lost, each status once and in order. */

import { IrisMessage } from '../../../runtime/client/incoming.ts';
import type { MessageStatus, SentMessages, StatusUpdate } from '../../../runtime/client/message-statuses.ts';
import { Signals } from '../../../runtime/client/signals.ts';
import { SEQUENCE_RANGES_MAX } from '../../../runtime/contract/limits.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { decodeMessageStatusQuery } from '../../../runtime/wire/v2/message-status.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { decodeRead } from '../../../runtime/wire/v2/read.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

const NEWS_MISSED = { recipient: Buffer.alloc(0), delivered: [], read: [] };

class SignalsUnderTest {
  readonly clock = new ManualClock();
  readonly updates: StatusUpdate[] = [];
  readonly signals: Signals;
  isUp = true;
  private out = new ByteWriter();

  constructor() {
    this.signals = new Signals({
      clock: this.clock,
      writer: () => (this.isUp ? this.out : undefined),
      version: () => 4,
      bucketWriters: () => [],
    });
    this.signals.statuses.listen((update) => this.updates.push(update));
  }

  /** What was written since the last call: `read <sender> <ranges>` and `query <user>`. */
  async said(): Promise<string[]> {
    await this.clock.settle();
    const said: string[] = [];
    const splitter = new FrameSplitter(1 << 20);
    splitter.push(this.out.take(), {
      frame: (buffer, start, end) => {
        const reader = new ByteReader().reset(buffer, start + 1, end);
        if (buffer[start] === Opcode.MessageStatusQuery) said.push(`query ${decodeMessageStatusQuery(reader).toString()}`);
        else {
          const { sender, sequences } = decodeRead(reader);
          said.push(`read ${sender.toString()} ${sequences.map(({ after, through }) => `${after}-${through}`).join(' ')}`);
        }
      },
    });
    return said;
  }

  read(sender: string, sequence: number, previous = 0, isStatusWanted = true): void {
    const origin = { isStatusWanted, device: Buffer.alloc(8, 1), sequence, previous };
    const delivery = { body: Buffer.alloc(0), cursor: { bucket: 0, position: sequence, index: 0 } };
    this.signals.markRead(new IrisMessage({ sender, stamp: 0 }, origin, delivery));
  }

  async send(to: string, sequence: number, count = 1): Promise<SentMessages> {
    await this.signals.track({ to, count }, async (started) => started(sequence));
    return { to, sequence, count };
  }

  grown(to: string, delivered: number, read = 0): void {
    const through = (last: number) => (last === 0 ? [] : [{ after: 0, through: last }]);
    this.signals.grown({ recipient: Buffer.from(to), delivered: through(delivered), read: through(read) });
  }
}

it('what was read is told once, neighbours as one range, and only to senders who asked', async () => {
  const test = new SignalsUnderTest();
  test.read('alice', 1);
  test.read('alice', 5, 1);
  test.read('alice', 9, 7);
  test.read('quiet', 1, 0, false);
  expect(await test.said()).toEqual(['read alice 0-5 7-9']);
  test.signals.tick();
  expect(await test.said()).toEqual([]);
});

it('everything is told and asked again when news may be lost, a share at a time', async () => {
  const test = new SignalsUnderTest();
  for (let i = 0; i < 30; i++) test.read(`sender-${i}`, 1);
  for (let i = 0; i < 30; i++) await test.send(`user-${i}`, i + 1);
  const first = await test.said();
  expect(first.length).toBe(20);
  for (let i = 0; i < 4; i++) test.signals.tick();
  expect((await test.said()).length).toBe(10);
  test.grown('user-3', 4, 4);
  test.signals.grown(NEWS_MISSED);
  const again: string[] = [];
  for (let i = 0; i < 8; i++) {
    test.signals.tick();
    again.push(...(await test.said()));
  }
  const users = Array.from({ length: 30 }, (_, i) => i);
  const queries = users.filter((i) => i !== 3).map((i) => `query user-${i}`);
  expect(again.toSorted()).toEqual([...users.map((i) => `read sender-${i} 0-1`), ...queries].toSorted());
});

it('what is read while away is told on return, and a reader who leaves many out is told of in several frames', async () => {
  const test = new SignalsUnderTest();
  test.isUp = false;
  for (let i = 1; i <= SEQUENCE_RANGES_MAX + 4; i++) test.read('alice', 10 * i);
  expect(await test.said()).toEqual([]);
  test.isUp = true;
  test.signals.tick();
  const said = await test.said();
  expect(said.length).toBe(2);
  expect(said.flatMap((line) => line.split(' ').slice(2)).length).toBe(SEQUENCE_RANGES_MAX + 4);
});

it('each status comes once, in order, for all messages of a send, however often and in whatever order the news come', async () => {
  const test = new SignalsUnderTest();
  const sent = await test.send('bob', 1, 3);
  const statuses = async (): Promise<MessageStatus[]> => {
    await test.clock.settle();
    return test.updates.splice(0).map(({ status }) => status);
  };
  expect(await statuses()).toEqual(['pending', 'sent']);
  test.grown('bob', 2);
  expect(await statuses()).toEqual([]);
  test.grown('bob', 3, 3);
  expect(await statuses()).toEqual(['delivered', 'read']);
  test.grown('bob', 3);
  test.grown('bob', 0);
  expect([await statuses(), test.signals.statuses.of(sent)]).toEqual([[], 'read']);
});

it('news that overtake the answer to a send are told after it', async () => {
  const test = new SignalsUnderTest();
  let answered: () => void = () => undefined;
  const tracking = test.signals.track({ to: 'bob', count: 1 }, (started) => {
    started(1);
    return new Promise<void>((resolve) => {
      answered = resolve;
    });
  });
  test.grown('bob', 1);
  expect(await test.signals.statusOf({ to: 'bob', sequence: 1, count: 1 })).toBe('pending');
  answered();
  await tracking;
  await test.clock.settle();
  expect(test.updates.map(({ status }) => status)).toEqual(['pending', 'sent', 'delivered']);
});

it('a send that fails is told no more of', async () => {
  const test = new SignalsUnderTest();
  const failing = test.signals.track({ to: 'bob', count: 1 }, (started) => {
    started(1);
    return Promise.reject(new Error('refused'));
  });
  await expect(failing).rejects.toThrow('refused');
  test.grown('bob', 1);
  await test.clock.settle();
  expect(test.updates.map(({ status }) => status)).toEqual(['pending']);
});

it('a question without an answer ends with what is known, within seconds', async () => {
  const test = new SignalsUnderTest();
  const sent = await test.send('bob', 1);
  const asked = test.signals.statusOf(sent);
  expect(await test.said()).toEqual(['query bob']);
  await test.clock.advance(3_000);
  expect(await asked).toBe('sent');
});
