/** F16, X16: this release’s client at a server of the release before. */
import { IrisClient } from '../../../runtime/client/iris-client.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { decodeHello } from '../../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';
import { fixedRandom, ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { framed } from '../../servers/v2-client.ts';

/** A server that welcomes with `version` whatever it is asked. */
class OldServer implements ConnectionHandler {
  asked: [number, number] | undefined;
  private readonly splitter = new FrameSplitter(65_536);
  private readonly connection: Connection;
  private readonly version: number;

  constructor(connection: Connection, version: number) {
    this.connection = connection;
    this.version = version;
  }

  received(chunk: Buffer): void {
    this.splitter.push(chunk, { frame: (buffer, start, end) => this.frame(buffer, start, end) });
  }

  frame(buffer: Buffer, start: number, end: number): void {
    if (buffer[start] !== Opcode.Hello) return;
    const { versionMin, versionMax } = decodeHello(new ByteReader().reset(buffer, start + 1, end));
    this.asked = [versionMin, versionMax];
    const welcome = { version: this.version, serverTimeMs: 0, region: 'tokyo', awsRegion: '', node: 'tokyo-edge-0' };
    this.connection.write(framed((out) => encodeWelcome(out, welcome)));
  }

  drained(): void {}
  closed(): void {}
}

it('asks for versions 2 to 6 and keeps to the one that the server names', async () => {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const servers: OldServer[] = [];
  await transport.listen({ host: '10.0.0.1', port: 7_000 }, (connection) => {
    servers.push(new OldServer(connection, 2));
    return servers[0] as OldServer;
  });
  const connecting = IrisClient.connect({ addresses: ['10.0.0.1:7000'], user: 'alice' }, { transport, clock, random: fixedRandom() });
  await clock.advance(50);
  const client = await connecting;
  expect([servers[0]?.asked, client.protocolVersion]).toEqual([[2, 6], 2]);
});
