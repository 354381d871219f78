/** F16, X16: a node of this release links with one of the release before, and both keep to what the older one knows. */

import { LinkClient } from '../../../runtime/link/link-client.ts';
import { OwnerAddresses } from '../../../runtime/link/owner-addresses.ts';
import type { Refusal } from '../../../runtime/ports/bus.ts';
import { EphemeralKind } from '../../../runtime/ports/inbox-feed.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { decodeLinkHello, decodeLinkWelcome, encodeLinkHello, encodeLinkWelcome } from '../../../runtime/wire/link/hello.ts';
import { LINK_VERSION_MAX, LinkOpcode } from '../../../runtime/wire/link/opcodes.ts';
import { encodeStatusEnvelope } from '../../../runtime/wire/status-envelope.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { framed } from '../../servers/v2-client.ts';
import { LinkUnderTest, TestPublisher } from './link-under-test.ts';

const identity = { environment: 'unit', region: 'tokyo', node: 'tokyo-edge-0' };

/** One end of a link that is told what to write and remembers the frames it gets. */
class OldNode implements ConnectionHandler {
  readonly frames: Buffer[] = [];
  private readonly splitter = new FrameSplitter(65_536);

  received(chunk: Buffer): void {
    this.splitter.push(chunk, { frame: (buffer, start, end) => this.frames.push(Buffer.from(buffer.subarray(start, end))) });
  }
  drained(): void {}
  closed(): void {}
}

const read = (frame: Buffer | undefined) => new ByteReader().reset(frame as Buffer, 1, (frame as Buffer).length);

it.each([
  [1, 1, 1],
  [1, LINK_VERSION_MAX, LINK_VERSION_MAX],
  [1, 9, LINK_VERSION_MAX],
])('an owner answers a node of versions %i to %i with %i and keeps to it', async (versionMin, versionMax, agreed) => {
  const link = await LinkUnderTest.start();
  const node = new OldNode();
  let near: Connection | undefined;
  const connecting = link.transport.connect('10.0.0.1:7400', (connection) => {
    near = connection;
    return node;
  });
  await link.advance(10);
  await connecting;
  near?.write(framed((out) => encodeLinkHello(out, { versionMin, versionMax, ...identity })));
  await link.advance(10);
  expect(node.frames[0]?.[0]).toBe(LinkOpcode.Welcome);
  expect(decodeLinkWelcome(read(node.frames[0])).version).toBe(agreed);
  expect(link.servers.at(-1)?.peerVersion).toBe(agreed);
  expect(link.servers.at(-1)?.peerWithoutBuckets).toBe(agreed < 2 ? identity.node : undefined);
});

it('a node asks for its whole range and keeps to what an older owner answers, until the link is gone', async () => {
  const link = await LinkUnderTest.start();
  const owner = new OldNode();
  let far: Connection | undefined;
  await link.transport.listen({ host: '10.0.0.2', port: 7_400 }, (connection) => {
    far = connection;
    return owner;
  });
  const client = new LinkClient(
    { ...link.parts, moved() {}, watchMoved() {} },
    '10.0.0.2:7400',
    new OwnerAddresses(() => ['10.0.0.2:7400']),
  );
  await link.advance(10);
  expect(decodeLinkHello(read(owner.frames[0]))).toMatchObject({ versionMin: 1, versionMax: LINK_VERSION_MAX });
  expect(client.peerVersion).toBe(0);
  far?.write(framed((out) => encodeLinkWelcome(out, { version: 1, node: 'osaka-core-0', epoch: 0 })));
  await link.advance(10);
  expect([client.isUp, client.peerVersion]).toEqual([true, 1]);
  const publisher = new TestPublisher();
  const news = { device: Buffer.alloc(8), sender: Buffer.from('alice'), recipient: Buffer.from('bob'), delivered: [], read: [] };
  const forward = (token: number) => client.forward(publisher, { flags: 0, token, envelope: encodeStatusEnvelope(news) });
  forward(1);
  await link.advance(10);
  // It would cut the link over a frame it does not know.
  let refusal: Refusal | undefined;
  client.hand(EphemeralKind.message, envelopeOf({}), (answer) => {
    refusal = answer;
  });
  expect(refusal?.code).toBe('NOT_DELIVERED');
  link.transport.cut();
  await link.advance(5);
  expect(client.peerVersion).toBe(0);
  forward(2);
  await link.advance(200);
  far?.write(framed((out) => encodeLinkWelcome(out, { version: 1, node: 'osaka-core-0', epoch: 0 })));
  await link.advance(10);
  // It would deliver a status as a message.
  expect(publisher.published_).toEqual([1, 2]);
  expect(owner.frames.map((frame) => frame[0])).not.toContain(LinkOpcode.Append);
});
