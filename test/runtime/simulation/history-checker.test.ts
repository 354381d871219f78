/** The checker itself: each law has a history that breaks it, and one that does not. */
import { HistoryChecker, verdictLine } from '../../../runtime/simulation/history-checker.ts';
import { type HistoryEvent, parseHistoryLine } from '../../../runtime/simulation/history-event.ts';

function judge(events: readonly HistoryEvent[]) {
  const checker = new HistoryChecker();
  for (const event of events) checker.take(event);
  return checker.verdict();
}

const sent = (...messages: string[]): HistoryEvent[] =>
  messages.flatMap((message) => [
    { event: 'send', message },
    { event: 'ack', message, class: 'D2' },
  ]);
const received = (...messages: string[]): HistoryEvent[] => messages.map((message) => ({ event: 'receive', user: 'bob', message }));
const read = (pass: number, ...messages: string[]): HistoryEvent[] =>
  messages.map((message) => ({ event: 'read', user: 'bob', from: '0', read: pass, bucket: 0, message }));
const [one, two, three] = ['ann/bob/0', 'ann/bob/1', 'ann/bob/2'];

it('holds a history in which everything arrives once and in order', () => {
  const verdict = judge([...sent(one, two), ...received(one, two), ...read(0, one), ...read(1, one, two)]);
  const counts = { sent: 2, acknowledged: 2, refused: 0, received: 2, reportedLost: 0, late: 0, presenceTold: 0 };
  expect(verdict).toEqual({ ...counts, lossBound: 1, broken: [] });
  expect(verdictLine(verdict)).toBe('sent 2, acknowledged 2, refused 0, received 2; 0 lost of 2, loss bound 3/N = 1.0e+0; every law held');
});

it('lets a message that was refused arrive or not', () => {
  const refused: HistoryEvent[] = [one, two].flatMap((message) => [
    { event: 'send', message },
    { event: 'refuse', message, code: 'TIMED_OUT' },
  ]);
  expect(judge([...refused, ...received(two)])).toMatchObject({ acknowledged: 0, refused: 2, received: 1, broken: [] });
});

it('lets a client of the original get an older place later, but no older message at a later place', () => {
  const at = (message: string, place: string): HistoryEvent => ({ event: 'receive', user: 'bob', message, place });
  expect(judge([...sent(one, two), at(two, '02'), at(one, '01')]).broken).toEqual([]);
  expect(judge([...sent(one, two), at(two, '01'), at(one, '02')]).broken).toMatchObject([{ law: 'L3 order', first: [one] }]);
});

it('lets what a lost region held come late, and nothing else', () => {
  const lost: HistoryEvent = { event: 'stranded', users: ['bob'] };
  expect(judge([...sent(one), lost, ...sent(two), ...received(two, one)])).toMatchObject({ late: 1, broken: [] });
  // The new owner has had the second one: from there on it knows the order.
  const later = [...sent(one), lost, ...sent(two), ...received(one, two), ...sent(three), ...sent('ann/bob/3')];
  expect(judge([...later, ...received('ann/bob/3', three)]).broken).toMatchObject([{ law: 'L3 order', first: [three] }]);
  expect(judge([lost, ...sent(one), ...received(one, one)]).broken).toMatchObject([{ law: 'L2 once' }]);
  expect(judge([...sent(one), lost]).broken).toMatchObject([{ law: 'L1 durable' }]);
});

it.each<[string, string, readonly HistoryEvent[]]>([
  ['an acknowledged message that never arrives', 'L1 durable', [...sent(one, two), ...received(one)]],
  ['a message twice at the application', 'L2 once', [...sent(one), ...received(one, one)]],
  ['a later message first', 'L3 order', [...sent(one, two), ...received(two, one)]],
  ['a second read that differs', 'L4 repeatable', [...sent(one, two), ...received(one, two), ...read(0, one, two), ...read(1, two)]],
  [
    'a last read that ends early',
    'L4 repeatable',
    [
      ...sent(one, two),
      ...received(one, two),
      ...read(0, one, two),
      ...read(1, one),
      { event: 'read-end', user: 'bob', from: '0', read: 1 },
    ],
  ],
  ['a message that nobody sent', 'L5 true sender', received(one)],
  ['a message to somebody else', 'L5 true sender', [...sent('ann/eve/0'), ...received('ann/eve/0')]],
  [
    'a status that goes back',
    'L6 status',
    [
      ...sent(one),
      ...received(one),
      { event: 'cursor', user: 'bob', message: one },
      { event: 'status', message: one, status: 'read' },
      { event: 'status', message: one, status: 'delivered' },
    ],
  ],
  [
    'a status that its sender never hears of',
    'L6 status',
    [...sent(one), ...received(one), { event: 'cursor', user: 'bob', message: one }, { event: 'status-end', message: one, status: 'sent' }],
  ],
  [
    'a status ahead of the recipient',
    'L6 status',
    [...sent(one), ...received(one), { event: 'status', message: one, status: 'delivered' }],
  ],
  [
    'two owners in one epoch',
    'L10 one owner',
    [
      { event: 'own', group: 'g0', epoch: 4, holder: 'a' },
      { event: 'own', group: 'g0', epoch: 4, holder: 'b' },
    ],
  ],
  [
    'an epoch that goes back',
    'L10 one owner',
    [
      { event: 'own', group: 'g0', epoch: 4, holder: 'a' },
      { event: 'own', group: 'g0', epoch: 3, holder: 'b' },
    ],
  ],
])('fails on %s: %s', (_, law, events) => {
  expect(judge(events).broken.map((breach) => breach.law)).toContain(law);
});

it('tells what was reported as gone from what was lost in silence', () => {
  const verdict = judge([...sent(one, two, three), ...received(three), { event: 'gap', user: 'bob', messages: 1 }]);
  expect(verdict).toMatchObject({ reportedLost: 1, broken: [{ law: 'L1 durable', count: 1, first: [two] }] });
});

it('fails on a line that is no event', () => {
  expect(() => parseHistoryLine('{"event":"dance"}')).toThrow(/no event of a history/);
  expect(parseHistoryLine(JSON.stringify({ atMs: 1, event: 'send', message: one }))).toEqual({ atMs: 1, event: 'send', message: one });
});

it('wants the last word of each watcher to be the truth: of its present client, and of every user (R16)', () => {
  const watch: HistoryEvent = { event: 'watch', watcher: 'eve' };
  const told = (isOnline?: boolean): HistoryEvent => ({
    event: 'presence',
    watcher: 'eve',
    user: 'bob',
    ...(isOnline !== undefined && { isOnline }),
  });
  const is = (isOnline: boolean): HistoryEvent => ({ event: 'presence-end', watcher: 'eve', user: 'bob', isOnline });
  expect(judge([watch, told(true), told(false), is(false)])).toMatchObject({ presenceTold: 2, broken: [] });
  const wrong = [
    [watch, told(false), told(true), is(false)],
    [watch, told(true), watch, is(true)],
    [watch, told(true), told(undefined), is(true)],
    [watch, is(false)],
    [is(true)],
  ];
  expect(wrong.map((events) => judge(events).broken.map(({ law, first }) => [law, ...first]))).toEqual(
    ['online, is offline', 'nothing, is online', 'nothing, is online', 'nothing, is offline', 'nothing, is online'].map((word) => [
      ['R16 presence', `eve told of bob: ${word}`],
    ]),
  );
});
