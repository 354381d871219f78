/** P2: a frame of many messages is relayed as bytes, and no part of the way makes an object for each of them. */
import type { Publication } from '../../../runtime/ports/bus.ts';
import { allocatedBy } from '../../fakes/allocation-meter.ts';
import { hello, sendFrame } from '../../servers/v2-client.ts';
import { SessionUnderTest } from '../session/session-under-test.ts';
import { ADDRESS, LinkUnderTest } from './link-under-test.ts';

/** Frames of few messages and of many: what a frame costs, and what the test’s clock and network do, is in both. */
const [FEW, MANY] = [10, 1_000];
const BODY_BYTES = 64;
/** Until numbers are no longer boxed on their way through code that is not compiled yet. */
const WARM_FRAMES = 20;
const FRAMES = 60;
/** Of V8’s heap. The smallest object with one field takes 32, a view of a message more than 100. */
const BYTES_A_MESSAGE_MAX = 16;

/** From Alice to Bob, who is online: session, link, owner, and back over the link to his session. */
class Relay {
  private readonly link: LinkUnderTest;
  private readonly alice: SessionUnderTest;
  private readonly bob: SessionUnderTest;
  private grant: (bytes: number) => void = () => undefined;
  private sequence = 1;
  private deliveredBytes = 0;

  private constructor(link: LinkUnderTest, hook: (publication: Publication) => void) {
    this.link = link;
    this.bob = new SessionUnderTest(link.core.clock);
    this.alice = new SessionUnderTest(link.core.clock, undefined, undefined, (publication) => {
      hook(publication);
      link.pool.publish(ADDRESS, publication);
    });
  }

  static async start(hook: (publication: Publication) => void = () => undefined): Promise<Relay> {
    const relay = new Relay(await LinkUnderTest.start(), hook);
    const { alice, bob, link } = relay;
    alice.client.received(hello('alice', { versionMax: 3 }));
    bob.client.received(hello('bob', { versionMax: 3 }));
    await link.advance(10);
    const [read] = bob.attached;
    const reading = link.pool.attach({ ...read!.options, address: ADDRESS }, read!.subscriber);
    relay.grant = (bytes) => reading.grant(bytes);
    await link.advance(10);
    await relay.send(relay.frames(WARM_FRAMES, MANY));
    await relay.send(relay.frames(WARM_FRAMES, FEW));
    return relay;
  }

  /** Bytes that each message of a frame adds, and where they came from. */
  async perMessage(): Promise<{ bytes: number; places: readonly string[] }> {
    const small = this.frames(FRAMES, FEW);
    const large = this.frames(FRAMES, MANY);
    const few = await allocatedBy(() => this.send(small));
    this.deliveredBytes = 0;
    const many = await allocatedBy(() => this.send(large));
    expect(this.deliveredBytes).toBeGreaterThan(FRAMES * MANY * BODY_BYTES);
    return { bytes: (many.bytes - few.bytes) / (FRAMES * (MANY - FEW)), places: many.places };
  }

  private frames(count: number, messages: number): Buffer[] {
    const bodies = Array.from({ length: messages }, () => Buffer.alloc(BODY_BYTES, 'x'));
    return Array.from({ length: count }, () => {
      const frame = sendFrame('bob', this.sequence, bodies, { previous: this.sequence - 1 });
      this.sequence += messages;
      return frame;
    });
  }

  private async send(frames: readonly Buffer[]): Promise<void> {
    for (const frame of frames) {
      this.alice.client.received(frame);
      await this.link.advance(10);
      this.deliveredBytes += this.bob.connection.written.length;
      this.alice.connection.written = Buffer.alloc(0);
      this.bob.connection.written = Buffer.alloc(0);
      this.grant(1_048_576);
    }
  }
}

it('a message of a relayed frame leaves less garbage than any object', async () => {
  const { bytes, places } = await (await Relay.start()).perMessage();
  expect({ bytes, places: bytes < BYTES_A_MESSAGE_MAX ? [] : places }).toEqual({ bytes: expect.any(Number), places: [] });
});

it('one object a message would be seen', async () => {
  let kept: object[] = [];
  const relay = await Relay.start(({ count }) => {
    kept = Array.from({ length: count }, (_, message) => ({ message }));
  });
  expect((await relay.perMessage()).bytes).toBeGreaterThan(BYTES_A_MESSAGE_MAX);
  expect(kept).toHaveLength(MANY);
});
