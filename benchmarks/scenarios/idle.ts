import type { Benchmark, BenchmarkIo } from '../benchmark.ts';
import type { FleetStore } from '../engines/fleet-store.ts';
import { Foundations } from '../engines/foundations.ts';
import { GeneratorClient } from '../generator-client.ts';
import { pause, proportionalBytes } from '../process-meter.ts';
import type { Figure } from '../report.ts';
import { ServerFleet, type ServerNode } from '../server-fleet.ts';

/** Logins that are under way at a time. */
const LOGINS_AT_A_TIME = 100;
/** Connections made and dropped first, so that code and pools are warm. */
const WARM_UP = 500;
/** Milliseconds between two looks at a memory figure that should not grow any more. */
const SETTLE_MS = 1_000;
const SETTLE_LOOKS_MAX = 15;

export const benchmark: Benchmark = {
  name: 'idle',
  summary: 'memory (PSS) of an edge and a core per idle logged-in TCP connection',
  flags: [{ name: 'connections', meaning: 'logged-in connections, each of a user of its own', fallback: 5_000 }],
  async run(flag, io) {
    const foundations = await Foundations.open(io);
    try {
      const figures: Figure[] = [];
      for (const engine of foundations.engines)
        figures.push(...(await loggedIn(flag('connections'), io, await foundations.storeFor(engine))));
      return {
        scenario: 'idle',
        figures,
        remarks: [
          'plain TCP, v2; growth of PSS over the warmed-up process, no collection forced; socket buffers of the kernel are not in it',
          ...foundations.remarks,
        ],
      };
    } finally {
      await foundations.close();
    }
  },
};

async function loggedIn(connections: number, io: BenchmarkIo, store: FleetStore): Promise<Figure[]> {
  const fleet = await ServerFleet.start(1, io, store);
  const edge = fleet.edges[0]!;
  const clients: GeneratorClient[] = [];
  try {
    io.note('warming up');
    await logIn(edge, Math.min(WARM_UP, connections), clients);
    for (const client of clients.splice(0)) client.destroy();
    const before = await settledBytes(fleet);
    io.note(`logging in ${connections}`);
    const startedMs = performance.now();
    await logIn(edge, connections, clients);
    const loginSeconds = (performance.now() - startedMs) / 1_000;
    const open = await fleet.metric(edge, 'iris_connections');
    const after = await settledBytes(fleet);
    const grown = { edge: after.edge - before.edge, core: after.core - before.core };
    const voidReasons = open === connections ? [] : [`${open} of ${connections} connections are open`];
    const figure = (what: string, bytes: number, goal?: string): Figure => ({
      what: store.engine === 'embedded' ? what : `${store.engine}: ${what}`,
      unit: 'KB PSS/connection',
      values: [bytes / connections / 1_024],
      ...(goal === undefined ? {} : { goal }),
      voidReasons,
    });
    const logins = { 'logins/s': Math.round(connections / loginSeconds), connections };
    return [
      { ...figure('edge', grown.edge), details: logins },
      figure('core, which keeps an attachment per session', grown.core),
      figure('edge and core', grown.edge + grown.core, store.engine === 'embedded' ? '≤ 5 KB' : undefined),
    ];
  } finally {
    for (const client of clients) client.destroy();
    await fleet.stop();
  }
}

async function logIn(edge: ServerNode, count: number, clients: GeneratorClient[]): Promise<void> {
  for (let first = 0; first < count; first += LOGINS_AT_A_TIME) {
    const batch = Array.from({ length: Math.min(LOGINS_AT_A_TIME, count - first) }, (_, index) => {
      const user = `idle-${first + index}`;
      return GeneratorClient.connect({ address: edge.address, user, device: first + index + 1 }, {});
    });
    clients.push(...(await Promise.all(batch)));
  }
}

/** The memory of both once it has stopped to change by more than one per cent between two looks. */
export async function settledBytes(fleet: ServerFleet): Promise<{ edge: number; core: number }> {
  const look = () => ({ edge: proportionalBytes(fleet.edges[0]!.pid), core: proportionalBytes(fleet.core.pid) });
  let last = look();
  for (let looks = 0; looks < SETTLE_LOOKS_MAX; looks++) {
    await pause(SETTLE_MS);
    const now = look();
    const isSettled = Math.abs(now.edge - last.edge) < last.edge / 100 && Math.abs(now.core - last.core) < last.core / 100;
    last = now;
    if (isSettled) break;
  }
  return last;
}
