/** F17, L12: a published slot map is taken by running nodes; a bad one is refused with the reason, and the last good one stays. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { NodePair, until } from './node-pair.ts';

let pair: NodePair;
let first: SlotMap;

beforeAll(async () => {
  pair = await NodePair.start(24_460);
  first = JSON.parse(readFileSync(join(pair.folder, 'slot-map.json'), 'utf8')) as SlotMap;
}, 30_000);
afterAll(() => pair.stop());

function publish(text: string): void {
  writeFileSync(join(pair.folder, 'slot-map.new'), text);
  renameSync(join(pair.folder, 'slot-map.new'), join(pair.folder, 'slot-map.json'));
}

const versions = () => Promise.all((['edge', 'core'] as const).map((role) => pair.metric(role, 'iris_slot_map_version')));
const refusals = () => Promise.all((['edge', 'core'] as const).map((role) => pair.metric(role, 'iris_slot_map_refused_total')));

it('takes a newer map while messages flow, and refuses bad ones with the reason', async () => {
  expect(await versions()).toEqual([1, 1]);
  const grown = createSlotMap({ ...first, shards: 8, assigned: [{ firstShard: 4, shardCount: 4, group: 'tokyo-0' }], version: 2 });
  publish(JSON.stringify(grown));
  await until(async () => String(await versions()) === '2,2', 'both nodes have version 2');

  let bad = 0;
  for (const [text, reason] of [
    ['{"format":', /JSON/],
    [JSON.stringify({ ...grown, version: 3, tableSha256: 'f'.repeat(64) }), /the table hashes to/],
    [JSON.stringify({ ...grown, version: 3, environment: 'other' }), /belongs to environment other/],
    [JSON.stringify(first), /version 1 is not above 2/],
  ] as const) {
    publish(text);
    bad++;
    await until(async () => String(await refusals()) === `${bad},${bad}`, `both nodes refused ${text.slice(0, 20)}`);
    for (const node of [pair.edge, pair.core]) await until(() => reason.test(node.said), `the reason ${reason} is told`);
  }
  expect(await versions()).toEqual([2, 2]);

  const [alice, bob] = await Promise.all(['alice', 'bob'].map((user) => IrisClient.connect({ addresses: [pair.address], user })));
  await alice!.send('bob', 'still here');
  for await (const message of bob!.messages()) {
    expect(message.text()).toBe('still here');
    break;
  }
  await Promise.all([alice!.close(), bob!.close()]);
}, 30_000);
