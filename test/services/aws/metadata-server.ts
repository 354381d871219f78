/**
 * What a machine finds around it in EC2, for `machine-room.ts`: the metadata service (version 2 only) on its link-local address, and the
 * emulated AWS on the port that it has outside. One process for each machine.
 *
 * usage: node metadata-server.ts MACHINE.json        {"awsPort":…,"awsSocket":"…","metadata":{"instance-id":"i-…"}}
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createConnection, createServer as createTcpServer } from 'node:net';

interface Surroundings {
  readonly awsPort: number;
  /** Unix socket that leads to the emulated AWS: sockets of this kind cross network namespaces. */
  readonly awsSocket: string;
  /** By path below `/latest/meta-data/`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const TOKEN = 'token-of-the-metadata-service';
const around = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Surroundings;

createServer(({ method, url = '', headers }, response) => {
  if (method === 'PUT' && url === '/latest/api/token') return response.end(TOKEN);
  if (headers['x-aws-ec2-metadata-token'] !== TOKEN) return response.writeHead(401).end();
  const value = around.metadata[url.replace('/latest/meta-data/', '')];
  return value === undefined ? response.writeHead(404).end() : response.end(value);
}).listen(80, '169.254.169.254');

createTcpServer((inside) => {
  const outside = createConnection(around.awsSocket);
  inside.pipe(outside).pipe(inside);
  for (const [one, other] of [
    [inside, outside],
    [outside, inside],
  ] as const)
    one.on('error', () => other.destroy());
}).listen(around.awsPort, '127.0.0.1', () => process.stdout.write('ready\n'));
