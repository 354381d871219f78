import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EtcdServer } from '../../../infra/local/engines/etcd.ts';
import { APPEND_TIMEOUT_MS } from '../../../runtime/contract/limits.ts';
import { runIris } from '../../commands/run-iris.ts';
import { until } from '../../servers/node-pair.ts';
import { V2Client } from '../../servers/v2-client.ts';
import { LiveFleet } from '../live-fleet.ts';
import { report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const ENVIRONMENT = 'cut-off';
const SENDERS = Array.from({ length: 8 }, (_, i) => `sender-${i}`);
const READERS = Array.from({ length: 8 }, (_, i) => `reader-${i}`);

export interface CutLinkDrills {
  /** Milliseconds without a network between edges and core; above APPEND_TIMEOUT_MS, so that a send that nobody repeats is refused meanwhile. */
  readonly cutMs: number;
}

/**
 * F25, F20, L1, L7: what a fleet stands on is away. Edges are cut from their core: senders hear a coded refusal or wait within their deadline. etcd, which
 * has the slot map, is killed: nodes go on by their last good map, also one that starts meanwhile, and take the next one when etcd is back.
 */
export function describeCutLinks({ on, store }: Foundation, { cutMs }: CutLinkDrills): void {
  describe(`what a fleet stands on is away${on}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-cut-off-'));
    let etcd: EtcdServer;
    let place: string;
    let fleet: LiveFleet;
    let traffic: Traffic;

    beforeAll(async () => {
      etcd = await EtcdServer.start(join(folder, 'etcd'));
      place = `etcd://${etcd.address}/iris/${ENVIRONMENT}/slot-map`;
      fleet = await LiveFleet.start({
        environment: ENVIRONMENT,
        regions: { tokyo: { edges: 2, cores: 1 } },
        isProxied: (from) => from.includes('edge'),
        fields: (node) => ({
          slotMap: place,
          slotMapPath: `${node}-slot-map.json`,
          ...(store && node.includes('core') && { store: store(ENVIRONMENT) }),
        }),
        published: publish,
      });
      traffic = new Traffic(() => fleet.edges.map((edge) => fleet.address(edge)));
      for (const sender of SENDERS) await traffic.connect(sender);
      for (const reader of READERS) await traffic.read(reader);
    }, 120_000);
    afterAll(async () => {
      await traffic?.close();
      await fleet?.stop();
      await etcd?.stop();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    async function publish(map: object): Promise<void> {
      writeFileSync(join(folder, 'next.json'), JSON.stringify(map));
      const { code, stderr } = await runIris(['slot-map', place, '--publish', 'next.json'], { cwd: folder });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    }

    /** Everybody writes while `fault` happens and a little longer; nobody is refused for good. */
    async function sendThrough(row: string, fault: () => Promise<void>): Promise<void> {
      const stop = new AbortController();
      const running = traffic.run(seeded(), { from: SENDERS, to: READERS, perSecond: 200, signal: stop.signal });
      try {
        await pause(1_000);
        await fault();
        await pause(1_000);
      } finally {
        stop.abort();
        await running;
      }
      await traffic.drained();
      traffic.judge(`${row}${on}`);
      expect(traffic.refusals.size).toBe(0);
    }

    const anotherAcknowledged = async () => {
      const before = traffic.history.acknowledgedCount;
      await until(() => traffic.history.acknowledgedCount > before, 'messages are acknowledged', 30_000);
    };

    it('the network between edges and their core: nothing acknowledged is lost, and who does not repeat hears SHARD_UNAVAILABLE (F25)', async () => {
      const core = fleet.cores[0] as string;
      const paths = fleet.edges.map((edge) => fleet.path(edge, core));
      const impatient = await V2Client.logIn(fleet.address(fleet.edges[0] as string), 'impatient');
      let [waitedMs, backMs] = [0, 0];
      await sendThrough('F25', async () => {
        await Promise.all(paths.map((path) => path.cut()));
        await pause(500);
        const acknowledged = traffic.history.acknowledgedCount;
        const startMs = performance.now();
        impatient.send('somebody', 1, ['nobody will ever hear of it']);
        expect((await refusalOf(impatient)).code).toBe('SHARD_UNAVAILABLE');
        waitedMs = performance.now() - startMs;
        impatient.end();
        await pause(cutMs - (performance.now() - startMs));
        expect(traffic.history.acknowledgedCount).toBe(acknowledged);
        const healedMs = performance.now();
        await Promise.all(paths.map((path) => path.heal()));
        await anotherAcknowledged();
        backMs = performance.now() - healedMs;
      });
      report(
        `F25${on}: a send without a network was refused after ${(waitedMs / 1_000).toFixed(1)} s; the first acknowledgement came ${backMs.toFixed(0)} ms after healing`,
      );
      expect(waitedMs).toBeLessThan(APPEND_TIMEOUT_MS + 3_000);
    }, 150_000);

    it('etcd: a core that is killed and starts meanwhile serves by its last good map, and the next one is taken when etcd is back (F20)', async () => {
      const core = fleet.cores[0] as string;
      const nodes = [...fleet.edges, core];
      const next = { ...fleet.slots.map, version: fleet.slots.map.version + 1 };
      await sendThrough('F20 etcd away', async () => {
        await etcd.kill();
        await fleet.process(core).kill();
        await fleet.startNode(core);
        expect(fleet.process(core).said).toMatch(/slot-map-source-away/);
        await anotherAcknowledged();
        await until(
          async () => (await Promise.all(nodes.map((node) => fleet.metric(node, 'iris_slot_map_source_up')))).every((up) => up === 0),
          'every node tells that its slot map cannot be read',
          30_000,
        );
        await etcd.restart();
        await publish(next);
        await until(
          async () =>
            (await Promise.all(nodes.map((node) => fleet.metric(node, 'iris_slot_map_version')))).every((one) => one === next.version),
          'every node has the map that was published after it',
          30_000,
        );
      });
    }, 150_000);
  });
}

/** RawSocket's patience is shorter than the deadline that is tested. */
async function refusalOf(client: V2Client) {
  await until(() => client.raw.received.length > 0, 'the send is refused', 20_000);
  return await client.fault();
}
