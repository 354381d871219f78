/** The scripts behind docs/performance.md, with tiny numbers: that they count right, not how fast anything is. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DeliveryLedger } from '../../benchmarks/delivery-ledger.ts';
import { engineFigures } from '../../benchmarks/engines/foundations.ts';
import { isWhole, stampPayload } from '../../benchmarks/payload.ts';
import { tickedCpuSeconds } from '../../benchmarks/process-meter.ts';
import { median, type Report } from '../../benchmarks/report.ts';

const main = join(import.meta.dirname, '..', '..', 'benchmarks', 'main.ts');

function benchmark(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function reportOf(...args: string[]): Report {
  const { status, stdout, stderr } = benchmark(...args);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  return JSON.parse(lines[lines.length - 1] as string) as Report;
}

describe('the benchmark command', () => {
  it('delivers every durable message once and in order and prints µs, class and counts on one JSON line (L1, L2, L3)', () => {
    const { scenario, figures } = reportOf('durable', '--messages', '16000', '--rounds', '1', '--senders', '4');
    expect(scenario).toBe('durable');
    expect(figures.map(({ what }) => what)).toEqual(['frames of 500 × 64 B', 'frames of 1 × 64 B']);
    for (const { values, unit, durability, deliveries, voidReasons } of figures) {
      expect(unit).toBe('µs CPU/message');
      expect(values).toHaveLength(1);
      expect(Number.isFinite(values[0])).toBe(true);
      expect(voidReasons).toContainEqual(expect.stringMatching(/^too short: .* s of CPU, needs 0.1$/));
      expect(durability).toBe('D2');
      // A warm-up of a quarter in whole frames for each of four senders, then the round, of both kinds.
      expect(deliveries).toEqual({ received: 4_000 + 16_000 + 252 + 1_000, lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
    }
  });

  it('kills everything after the last acknowledgement, restarts it, and every offline user gets every message once and in order (s-2)', () => {
    const { figures } = reportOf('s-2', '--messages', '2000', '--users', '20', '--senders', '5', '--rounds', '1');
    expect(figures.map(({ what }) => what)).toEqual([
      'acknowledged one by one',
      'one by one: restart after kill -9',
      'acknowledged in batches of 100',
      'in batches of 100: restart after kill -9',
    ]);
    for (const { durability, deliveries } of figures) {
      expect(durability).toBe('D2');
      expect(deliveries).toEqual({ received: 2_000, lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
    }
  }, 60_000);

  it('lives through a day with the death of an edge and of the core, and loses nothing (s-5, F1, F2)', () => {
    const { figures } = reportOf('s-5', '--users', '60', '--seconds', '9');
    const [edge, core] = figures;
    expect(edge?.values[0]).toBeLessThan(5);
    expect(core?.values[0]).toBeLessThan(10);
    for (const { durability, deliveries } of figures) {
      expect(durability).toBe('D2');
      expect(deliveries).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
      expect(deliveries?.received).toBeGreaterThanOrEqual(18_000);
    }
  }, 90_000);

  it('lets messages wait, promotes users and delivers everything afterwards (waiting)', () => {
    const { figures } = reportOf('waiting', '--messages', '5000', '--promoted', '1');
    for (const { deliveries } of figures) expect(deliveries).toEqual({ received: 5_000, lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
  }, 90_000);

  it('measures others beside slow readers, drains and a hot recipient, and loses nothing of either (overload, F9, F15)', () => {
    const tiny = ['--seconds', '1', '--rounds', '1', '--slow', '5', '--drains', '3', '--waiting', '2000'];
    const { figures } = reportOf('overload', ...tiny);
    expect(figures).toHaveLength(2);
    for (const { values, deliveries } of figures) {
      expect(values[0]).toBeGreaterThan(0);
      expect(deliveries).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
    }
  }, 90_000);

  it('tells every watcher of every change, and nobody who may not see it (presence, R15, A23)', () => {
    const { figures } = reportOf('presence', '--sessions', '8', '--users', '300', '--watched', '500', '--rounds', '1');
    expect(figures.map(({ unit }) => unit)).toEqual(['µs CPU', 'µs CPU', 'µs CPU', 'B heap', 'B heap']);
    expect([figures[0]?.details, figures[1]?.details]).toMatchObject([
      { watches: 2_048, 'frames to clients': 4_096 },
      { watches: 2_048, 'frames to clients': 512 },
    ]);
  });

  it('measures the floors', () => {
    const { figures } = reportOf('floors', '--rounds', '1', '--milliseconds', '100');
    expect(figures).toHaveLength(8);
    for (const { values } of figures) expect(values[0]).toBeGreaterThan(0);
  }, 60_000);

  it('logs in idle connections and prints the memory of edge and core', () => {
    const { figures } = reportOf('idle', '--connections', '200');
    expect(figures.map(({ unit }) => unit)).toEqual(Array.from({ length: 3 }, () => 'KB PSS/connection'));
    expect(figures[0]?.details).toMatchObject({ connections: 200 });
    for (const { voidReasons } of figures) expect(voidReasons).toEqual([]);
  });

  it('lists its scenarios without a name', () => {
    const { status, stdout } = benchmark();
    expect(status).toBe(0);
    expect(stdout.match(/^[a-z][a-z0-9-]* {2,}/gm)?.map((name) => name.trim())).toEqual([
      'durable',
      'floors',
      'idle',
      's-1',
      's-2',
      's-3',
      's-5',
      'overload',
      'store',
      'engines',
      'turns',
      'waiting',
      'presence',
      'synth',
      'plan',
      'all',
    ]);
  });

  it.each([
    [['durabel'], /^benchmark: no scenario is called 'durabel'; there are durable, .*\n$/],
    [['idle', '--connections', '0'], /^benchmark: --connections is '0', it must be a whole number from 1 on\n$/],
    [['s-1', '--engine', 'distributed'], /^benchmark: s-1 has no --engine distributed; s-2, s-3, idle and waiting have it\n$/],
    [['s-2', '--engine', 'mnesia'], /^benchmark: no engine is called 'mnesia'; there are embedded and distributed\n$/],
    [['all', '--engine', 'distributed'], /^benchmark: --engine is of s-2, s-3, idle and waiting, not of all\n$/],
    [['idle', '--conections', '1'], /^benchmark: Unknown option '--conections'.*\n$/],
  ])('fails on %j with one line and exit code 2', (args, line) => {
    const { status, stdout, stderr } = benchmark(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(line);
  });
});

describe('the engines’ line', () => {
  const stretch = (engineSeconds: Readonly<Record<string, number>>) => ({
    messages: 0,
    acknowledged: 0,
    wallSeconds: 1,
    serverSeconds: 1,
    coreSeconds: 1,
    generatorBusy: 0,
    envelopesPerCommit: 1,
    voidReasons: [],
    engineSeconds,
  });

  it('is their CPU a message in each round, with the share of each engine in the last', () => {
    const shares = [
      { stretch: stretch({ Kafka: 0.5, Cassandra: 1.5 }), messages: 1_000_000 },
      { stretch: stretch({ Kafka: 1, Cassandra: 2 }), messages: 500_000 },
    ];
    const [figure, ...more] = engineFigures('the engines’ CPU', shares);
    expect(more).toEqual([]);
    expect(figure).toMatchObject({ values: [2, 6], details: { Kafka: 2, Cassandra: 4 } });
  });

  it('is not there for an embedded store', () => {
    expect(engineFigures('the engines’ CPU', [{ stretch: stretch({}), messages: 1 }])).toEqual([]);
  });

  it('takes the CPU of all threads that a process has and had', () => {
    const { user, system } = process.cpuUsage();
    expect(Math.abs(tickedCpuSeconds([process.pid]) - (user + system) / 1e6)).toBeLessThan(1);
  });
});

describe('the ledger behind the counts', () => {
  it('counts a gap as lost until it closes, then as out of order, and a second copy as doubled', () => {
    const ledger = new DeliveryLedger();
    for (const number of [1, 2, 5, 3, 3]) ledger.take(7, number);
    expect(ledger.verdict(5)).toEqual({ received: 4, lost: 1, doubled: 1, outOfOrder: 1, refused: 0 });
    ledger.take(7, 4);
    expect(ledger.verdict(5)).toEqual({ received: 5, lost: 0, doubled: 1, outOfOrder: 2, refused: 0 });
  });

  it('keeps the numbers of senders apart', () => {
    const ledger = new DeliveryLedger();
    for (const sender of [0, 1, 2]) ledger.take(sender, 1);
    expect(ledger.verdict(3)).toEqual({ received: 3, lost: 0, doubled: 0, outOfOrder: 0, refused: 0 });
  });

  it('tells a payload that arrived whole from one that did not', () => {
    const body = Buffer.alloc(64);
    stampPayload(body, 3, 4_000_000_000, 1.5);
    expect(isWhole(body, 0, 64)).toBe(true);
    expect(isWhole(body, 0, 63)).toBe(false);
    body[5] = (body[5] as number) ^ 1;
    expect(isWhole(body, 0, 64)).toBe(false);
  });

  it('takes the middle value, or the mean of two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
