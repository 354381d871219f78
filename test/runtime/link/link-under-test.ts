import type { LinkParts } from '../../../runtime/link/link-client.ts';
import { LinkPool } from '../../../runtime/link/link-pool.ts';
import { LinkServer } from '../../../runtime/link/link-server.ts';
import type { Publication, Publisher, Refusal } from '../../../runtime/ports/bus.ts';
import { CALM } from '../../../runtime/ports/load-level.ts';
import { Bursts } from '../../../runtime/wire/bursts.ts';
import { fixedRandom } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { CoreUnderTest } from '../inbox/core-under-test.ts';

export const ADDRESS = '10.0.0.1:7400';

/** A publisher that remembers what it was told, and fences like a v2 session. */
export class TestPublisher implements Publisher {
  readonly published_: number[] = [];
  /** First sequence and count of each answer. */
  readonly answers: [sequence: number, count: number][] = [];
  readonly refusals: { sequence: number; refusal: Refusal }[] = [];
  readonly publisherId: number;
  private readonly fences = new Set<string>();

  constructor(publisherId = 1) {
    this.publisherId = publisherId;
  }

  published(sequence: number, count: number): void {
    this.published_.push(sequence);
    this.answers.push([sequence, count]);
  }

  refused(sequence: number, count: number, recipient: Buffer, refusal: Refusal): void {
    this.answers.push([sequence, count]);
    this.refusals.push({ sequence, refusal });
    this.fences.add(recipient.toString('latin1'));
  }

  isFenced(recipient: Buffer): boolean {
    return this.fences.has(recipient.toString('latin1'));
  }
}

/** An edge’s links and a core behind them, on one clock and a network that can be cut. */
export class LinkUnderTest {
  readonly core: CoreUnderTest;
  readonly transport: MemoryTransport;
  readonly telemetry = new MemoryTelemetry();
  /** What the edge’s links share. */
  readonly parts: LinkParts;
  readonly pool: LinkPool;
  /** The node is gone: nobody answers at its address. */
  stopListening: () => Promise<void> = async () => undefined;
  /** Where else the owner may be. */
  standbys: readonly string[] = [];
  /** What the core says of its lease. */
  epoch = 1;
  /** The owner’s ends, the latest last. */
  readonly servers: LinkServer[] = [];

  private constructor(core: CoreUnderTest, environment: string) {
    this.core = core;
    this.transport = new MemoryTransport(core.clock);
    const bursts = new Bursts((callback) => core.clock.soon(callback));
    const identity = { environment, region: 'tokyo', node: 'tokyo-edge-0' };
    const { transport, telemetry } = this;
    this.parts = {
      transport,
      clock: core.clock,
      random: fixedRandom(),
      bursts,
      telemetry,
      identity,
      load: CALM,
      standbysOf: () => this.standbys,
    };
    this.pool = new LinkPool(this.parts, {});
  }

  static async start(environment = 'unit'): Promise<LinkUnderTest> {
    const link = new LinkUnderTest(await CoreUnderTest.start(), environment);
    const bursts = new Bursts((callback) => link.core.clock.soon(callback));
    const { clock, telemetry } = link.core;
    const listening = await link.transport.listen({ host: '10.0.0.1', port: 7_400 }, (connection) => {
      const parts = {
        owner: link.core.inboxes,
        bursts,
        clock,
        log: telemetry.log,
        environment: 'unit',
        node: 'tokyo-core-0',
        epoch: link.epoch,
        closed: () => undefined,
      };
      const server = new LinkServer(parts, connection);
      link.servers.push(server);
      return server;
    });
    link.stopListening = () => listening.close();
    link.pool.warm([ADDRESS]);
    await clock.advance(20);
    return link;
  }

  advance(ms: number): Promise<void> {
    return this.core.clock.advance(ms);
  }

  publish(publisher: TestPublisher, sequence: number, recipient = 'bob', fields: Partial<Publication> = {}): void {
    const entries = Buffer.concat([Buffer.of(0, 2), Buffer.from(`m${sequence}`.slice(0, 2).padEnd(2))]);
    const publication: Publication = {
      publisher,
      flags: 0,
      mayJoin: false,
      count: 1,
      sequence,
      previous: 0,
      stamp: 1,
      device: Buffer.alloc(8, publisher.publisherId),
      sender: Buffer.from('alice'),
      recipient: Buffer.from(recipient),
      buffer: entries,
      start: 0,
      end: entries.length,
      ...fields,
    };
    this.pool.publish(ADDRESS, publication);
  }
}
