/** F2, F22, L10: an owner has a standby: who links finds the one that serves, and never goes back to one whose epoch is over. */
import { LINK_GREETING_FIRST_MS, LINK_SILENT_WITH_STANDBY_MS, LINK_STANDBY_RETRY_MS } from '../../../runtime/contract/limits.ts';
import { LinkServer } from '../../../runtime/link/link-server.ts';
import { StandbyLink } from '../../../runtime/link/standby-link.ts';
import type { Connection } from '../../../runtime/ports/transport.ts';
import { Bursts } from '../../../runtime/wire/bursts.ts';
import { ADDRESS, LinkUnderTest, TestPublisher } from './link-under-test.ts';

const STANDBY = '10.0.0.2:7400';

/** The same core behind a second address: a standby until `epoch` is above 0. */
class SecondNode {
  epoch = 0;
  readonly links: (LinkServer | StandbyLink)[] = [];
  private readonly link: LinkUnderTest;

  private constructor(link: LinkUnderTest) {
    this.link = link;
  }

  static async start(link: LinkUnderTest): Promise<SecondNode> {
    const node = new SecondNode(link);
    await link.transport.listen({ host: '10.0.0.2', port: 7_400 }, (connection) => node.accept(connection));
    link.standbys = [STANDBY];
    return node;
  }

  private accept(connection: Connection): LinkServer | StandbyLink {
    const { clock, telemetry, inboxes: owner } = this.link.core;
    const shared = { clock, log: telemetry.log, node: 'tokyo-core-1' };
    const bursts = new Bursts((callback) => clock.soon(callback));
    const parts = { ...shared, owner, bursts, environment: 'unit', epoch: this.epoch, closed: () => undefined };
    const made = this.epoch === 0 ? new StandbyLink(shared, connection) : new LinkServer(parts, connection);
    this.links.push(made);
    return made;
  }
}

it('appends that wait go to the standby once it owns the shards, and once only', async () => {
  const link = await LinkUnderTest.start();
  const second = await SecondNode.start(link);
  const publisher = new TestPublisher();
  link.publish(publisher, 1);
  await link.advance(50);
  await link.stopListening();
  link.transport.cut();
  link.publish(publisher, 2);
  await link.advance(3_000);
  expect(publisher.published_).toEqual([1]);
  // It was asked again and again, and soon each time.
  expect(second.links.length).toBeGreaterThan(3);
  second.epoch = 2;
  await link.advance(1_000);
  expect([publisher.published_, publisher.refusals, link.core.stored()]).toEqual([[1, 2], [], ['m1', 'm2']]);
});

it('a silent owner is left for its standby before its own lease can have run out twice', async () => {
  const link = await LinkUnderTest.start();
  const second = await SecondNode.start(link);
  second.epoch = 2;
  link.transport.mute('down');
  await link.advance(LINK_SILENT_WITH_STANDBY_MS + 3_000);
  expect(second.links.length).toBe(1);
  expect(link.pool.counts()).toEqual({ up: 1, all: 1 });
});

it('a stopped owner, which takes connections and says nothing, is left within a second for a standby that was just opening', async () => {
  const link = await LinkUnderTest.start();
  const second = await SecondNode.start(link);
  let greeted = 0;
  await link.stopListening();
  const mute = { received: () => void greeted++, drained() {}, closed() {} };
  await link.transport.listen({ host: '10.0.0.1', port: 7_400 }, () => mute);
  link.transport.cut();
  await link.advance(200);
  // It has refused once, and the stopped owner is asked again meanwhile.
  await link.advance(LINK_STANDBY_RETRY_MS);
  second.epoch = 2;
  expect([second.links.length, greeted]).toEqual([1, 1]);
  await link.advance(LINK_GREETING_FIRST_MS + 1.5 * LINK_STANDBY_RETRY_MS);
  expect([second.links.length, link.pool.counts().up]).toEqual([2, 1]);
});

it('an owner that answers a greeting late is waited for longer each time, until it is linked to', async () => {
  const link = await LinkUnderTest.start();
  await SecondNode.start(link);
  await link.stopListening();
  const answerMs = LINK_SILENT_WITH_STANDBY_MS - 500;
  const { clock, inboxes: owner, telemetry } = link.core;
  const bursts = new Bursts((callback) => clock.soon(callback));
  const shared = { clock, log: telemetry.log, node: 'tokyo-core-0', environment: 'unit', epoch: 1 };
  await link.transport.listen({ host: '10.0.0.1', port: 7_400 }, (connection) => {
    const server = new LinkServer({ ...shared, owner, bursts, closed: () => undefined }, connection);
    return {
      received: (chunk: Buffer) => void clock.after(answerMs, () => server.received(chunk)),
      drained: () => server.drained(),
      closed: () => server.closed(),
    };
  });
  link.transport.cut();
  await link.advance(5 * LINK_SILENT_WITH_STANDBY_MS);
  expect(link.pool.counts()).toEqual({ up: 1, all: 1 });
});

it('an owner that comes back with the epoch it had is not linked to while a later one was met', async () => {
  const link = await LinkUnderTest.start();
  const second = await SecondNode.start(link);
  second.epoch = 2;
  link.transport.cut();
  await link.advance(500);
  expect(second.links).toHaveLength(1);
  const publisher = new TestPublisher();
  const before = link.servers.length;
  link.transport.cut();
  await link.advance(1_500);
  link.publish(publisher, 1);
  await link.advance(50);
  expect(link.servers.length).toBeGreaterThan(before);
  expect(link.telemetry.lines.map(({ event }) => event)).toContain('link-to-former-owner');
  expect(link.telemetry.lines.findLast(({ event }) => event === 'link-up')?.fields).toMatchObject({ address: STANDBY, epoch: 2 });
  expect(publisher.published_).toEqual([1]);
});

it('a standby refuses whatever it is greeted with, and lets a silent connection go', async () => {
  const link = await LinkUnderTest.start();
  await SecondNode.start(link);
  const heard: Buffer[] = [];
  let isClosed = false;
  const handler = {
    received: (chunk: Buffer) => void heard.push(chunk),
    drained() {},
    closed() {
      isClosed = true;
    },
  };
  let connection: Connection | undefined;
  await Promise.all([
    link.transport.connect(STANDBY, (made) => {
      connection = made;
      return handler;
    }),
    link.advance(5),
  ]);
  connection?.write(Buffer.alloc(9, 0xff));
  await link.advance(5);
  expect([heard.length, isClosed]).toEqual([0, true]);
  isClosed = false;
  await Promise.all([link.transport.connect(STANDBY, () => handler), link.advance(20_000)]);
  expect(isClosed).toBe(true);
});

it('the first address is the one that serves while nothing happens', async () => {
  const link = await LinkUnderTest.start();
  const second = await SecondNode.start(link);
  await link.advance(30_000);
  expect([second.links.length, link.servers.length, link.pool.counts().up]).toEqual([0, 1, 1]);
  expect(ADDRESS).not.toBe(STANDBY);
});
