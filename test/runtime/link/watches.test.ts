/** R15, R16, X16, L8, F16: how users are, as their owner tells it over a link that breaks, moves, is full or of an older release: never an older state after a newer. */
import * as limits from '../../../runtime/contract/limits.ts';
import { OwnedPresence } from '../../../runtime/inbox/owned-presence.ts';
import type { UserStatus } from '../../../runtime/ports/inbox-feed.ts';
import { CALM } from '../../../runtime/ports/load-level.ts';
import type { PresenceWatcher } from '../../../runtime/ports/presence.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { encodeLinkWelcome } from '../../../runtime/wire/link/hello.ts';
import { LinkOpcode } from '../../../runtime/wire/link/opcodes.ts';
import { encodeStatus } from '../../../runtime/wire/link/status.ts';
import { encodeLinkPresence, WATCH_LINK_VERSION } from '../../../runtime/wire/link/watch.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';
import { framed } from '../../servers/v2-client.ts';
import { TestReader } from '../inbox/core-under-test.ts';
import { ADDRESS, LinkUnderTest } from './link-under-test.ts';

const bob = Buffer.from('bob');
const GRACE_MS = limits.PRESENCE_GRACE_MS + 2 * limits.PRESENCE_FLUSH_MS;

function textOf(status: UserStatus | undefined): string {
  if (status === undefined) return '?';
  return status.isOnline ? 'on' : status.lastSeenSeconds === 0 ? 'never' : 'off';
}

async function start() {
  const link = await LinkUnderTest.start();
  // A core that has just begun does not say yet that somebody is away.
  await link.advance(limits.PRESENCE_GRACE_MS);
  const heard: string[] = [];
  const watch = () => link.pool.watchPresence(ADDRESS, bob, (status) => heard.push(textOf(status)));
  return { link, heard, watch, take: () => heard.splice(0) };
}

it('says at once how a user is, and later that it has come and gone; who is back within PRESENCE_GRACE_MS has not left', async () => {
  const { link, watch, take } = await start();
  const watched = watch();
  await link.advance(10);
  expect(take()).toEqual(['never']);
  let reader = link.core.attach(new TestReader());
  await link.advance(2 * limits.PRESENCE_FLUSH_MS);
  expect(take()).toEqual(['on']);
  reader.detach({ flush: false });
  await link.advance(limits.PRESENCE_GRACE_MS / 2);
  reader = link.core.attach(new TestReader());
  await link.advance(60_000);
  expect(take()).toEqual([]);
  reader.detach({ flush: false });
  await link.advance(GRACE_MS);
  expect(take()).toEqual(['off']);
  watched.stop();
  link.core.attach(new TestReader());
  await link.advance(60_000);
  expect([take(), link.core.telemetry.value('iris_presence_watches')]).toEqual([[], 0]);
});

it('knows nothing while the link is down, and hears the state of then on the next one, offline only after the grace', async () => {
  const { link, watch, take } = await start();
  const reader = link.core.attach(new TestReader());
  watch();
  await link.advance(10);
  link.transport.cut();
  await link.advance(1_000);
  expect(take()).toEqual(['on', '?', 'on']);
  link.transport.isUnreachable = true;
  link.transport.cut();
  reader.detach({ flush: false });
  await link.advance(10_000);
  expect(take()).toEqual(['?']);
  link.transport.isUnreachable = false;
  await link.advance(limits.LINK_RETRY_LAST_MS + GRACE_MS);
  expect(take()).toEqual(['off']);
  expect(link.core.telemetry.value('iris_presence_watches')).toBe(1);
});

/** An owner that answers what a script says. */
class ScriptedOwner implements ConnectionHandler {
  readonly asked: number[] = [];
  connection!: Connection;
  private readonly splitter = new FrameSplitter(65_536);
  private readonly answers: (opcode: number, reader: ByteReader) => Buffer | undefined;

  constructor(answers: (opcode: number, reader: ByteReader) => Buffer | undefined) {
    this.answers = answers;
  }
  received(chunk: Buffer): void {
    this.splitter.push(chunk, {
      frame: (buffer, start, end) => {
        const reader = new ByteReader().reset(buffer, start, end);
        const opcode = reader.u8();
        this.asked.push(opcode);
        const answer = this.answers(opcode, reader);
        if (answer !== undefined) this.connection.write(answer);
      },
    });
  }
  drained(): void {}
  closed(): void {}
}

async function listen(link: LinkUnderTest, owner: ScriptedOwner): Promise<string> {
  await link.transport.listen({ host: '10.0.0.3', port: 7_400 }, (connection) => {
    owner.connection = connection;
    return owner;
  });
  return '10.0.0.3:7400';
}

it('an owner of an older release reads no frame that it does not know: it is asked, again and again', async () => {
  const { link } = await start();
  let isOnline = false;
  const owner = new ScriptedOwner((opcode, reader) => {
    const old = { version: WATCH_LINK_VERSION - 1, node: 'old', epoch: 0 };
    if (opcode === LinkOpcode.Hello) return framed((out) => encodeLinkWelcome(out, old));
    if (opcode !== LinkOpcode.StatusQuery) return undefined;
    const status = { query: reader.u32(), isOnline, lastSeenSeconds: 5 };
    return framed((out) => encodeStatus(out, status));
  });
  const heard: string[] = [];
  link.pool.watchPresence(await listen(link, owner), bob, (status) => heard.push(textOf(status)));
  await link.advance(limits.LINK_PING_MS - 100);
  expect(heard.at(-1)).toBe('off');
  isOnline = true;
  await link.advance(2 * limits.LINK_PING_MS);
  expect(heard.at(-1)).toBe('on');
  expect(owner.asked).not.toContain(LinkOpcode.Watch);
});

it('a full owner is asked again, and one that says the user moved is left for the new one, with ever longer waits', async () => {
  const { link, take } = await start();
  const heard: string[] = [];
  let code = 2012;
  const owner = new ScriptedOwner((opcode) => {
    if (opcode === LinkOpcode.Hello)
      return framed((out) => encodeLinkWelcome(out, { version: WATCH_LINK_VERSION, node: 'full', epoch: 0 }));
    if (opcode !== LinkOpcode.Watch) return undefined;
    return framed((out) => encodeLinkPresence(out, { user: bob, code, isOnline: false, lastSeenSeconds: 0 }));
  });
  const address = await listen(link, owner);
  let home = address;
  link.pool.locateBy(() => home);
  link.pool.watchPresence(address, bob, (status) => heard.push(textOf(status)));
  const watches = () => owner.asked.filter((opcode) => opcode === LinkOpcode.Watch).length;
  await link.advance(3 * limits.LINK_PING_MS);
  expect([watches() >= 2, watches() <= 5, new Set(heard)]).toEqual([true, true, new Set(['?'])]);
  code = 2030;
  await link.advance(10 * limits.LINK_PING_MS);
  expect(watches()).toBeLessThan(25);
  link.core.attach(new TestReader());
  home = ADDRESS;
  await link.advance(2 * limits.REATTACH_LAST_MS);
  expect([heard.at(-1), take()]).toEqual(['on', []]);
});

it('an owner keeps CORE_WATCHES_MAX watches and forgets those of who is gone', () => {
  const [clock, telemetry, told] = [new ManualClock(), new MemoryTelemetry(), [] as string[]];
  const audiences = { of: async () => 'everyone' as const, set: async () => undefined };
  const users = { audiences, isOnline: () => true, isHome: () => true, readLastSeen: async () => 0 };
  const presence = new OwnedPresence({ clock, telemetry, load: CALM, ...users });
  const watcher = (): PresenceWatcher => ({ told() {}, refused: (_, code) => told.push(code) });
  const [one, other] = [watcher(), watcher()];
  for (let i = 0; i < limits.CORE_WATCHES_MAX; i++) presence.watch(one, Buffer.from(`user-${i}`), { isAgain: true });
  presence.watch(other, bob, { isAgain: true });
  expect([told, telemetry.value('iris_presence_watches')]).toEqual([['WATCHES_LIMITED'], limits.CORE_WATCHES_MAX]);
  presence.watcherClosed(one);
  presence.watch(other, bob, { isAgain: true });
  expect([told.length, telemetry.value('iris_presence_watches')]).toEqual([1, 1]);
});
