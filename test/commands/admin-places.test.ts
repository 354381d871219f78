/** R6: where operators’ commands find the admin listeners of a deployed environment’s cores. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAdminPlace, targetsAt } from '../../bin/admin-places.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';

const map = createSlotMap({
  environment: 'duo',
  version: 1,
  shards: 2,
  regions: [
    {
      code: 'north',
      awsRegion: 'eu-north-1',
      groups: [{ id: 'north-g0', firstShard: 0, shardCount: 1, address: 'north-g0.core.example:7400' }],
    },
    {
      code: 'south',
      awsRegion: 'sa-east-1',
      groups: [{ id: 'south-g0', firstShard: 1, shardCount: 1, address: '10.1.0.1:7400', standby: ['10.1.0.2:7400'] }],
    },
  ],
});

it.each([
  [undefined, { kind: 'map', port: 9400 }],
  [':9500', { kind: 'map', port: 9500 }],
  ['10.0.0.1:9400,b.example:9401', { kind: 'list', addresses: ['10.0.0.1:9400', 'b.example:9401'] }],
  ['srv:_iris-admin._tcp.core.example', { kind: 'srv', name: '_iris-admin._tcp.core.example' }],
  ['srv:_a._tcp.b@127.0.0.1:5353', { kind: 'srv', name: '_a._tcp.b', server: '127.0.0.1:5353' }],
  [
    'cloudmap://sa-east-1/iris-duo-south/core',
    { kind: 'cloudmap', awsRegion: 'sa-east-1', namespace: 'iris-duo-south', service: 'core', port: 9400 },
  ],
])('%s', (text, place) => {
  expect(readAdminPlace(text)).toEqual(place);
});

it('by default every core that the slot map names, standbys too, on the port of the plan', async () => {
  expect(await targetsAt(readAdminPlace(), map)).toEqual([
    { id: 'north-g0', role: 'core', region: 'north', address: 'north-g0.core.example:9400' },
    { id: 'south-g0', role: 'core', region: 'south', address: '10.1.0.1:9400' },
    { id: 'south-g0 standby 1', role: 'core', region: 'south', address: '10.1.0.2:9400' },
  ]);
});

it('a node that is only an address says its group, an edge is left aside, and who is silent stays a core of nowhere', async () => {
  const nodes = [
    { status: 200, body: '{"group":"south-g0","isStandby":true}' },
    { status: 404, body: 'known paths: /healthz\n' },
  ].map(({ status, body }) => createServer((_, response) => void response.writeHead(status).end(body)).listen(0, '127.0.0.1'));
  await Promise.all(nodes.map((node) => once(node, 'listening')));
  try {
    const [core, edge] = nodes.map((node) => `127.0.0.1:${(node.address() as AddressInfo).port}`) as [string, string];
    const silent = 'nobody.invalid:9400';
    expect(await targetsAt(readAdminPlace([core, edge, silent].join(',')), map)).toEqual([
      { id: `south-g0 at ${core}`, role: 'core', region: 'south', address: core },
      { id: edge, role: 'edge', region: '', address: edge },
      { id: silent, role: 'core', region: '', address: silent },
    ]);
  } finally {
    for (const node of nodes) {
      node.closeAllConnections();
      node.close();
    }
  }
});
