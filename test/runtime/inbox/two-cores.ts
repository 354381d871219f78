import { createSlotMap } from '../../../runtime/contract/slot-map.ts';

export const bob = Buffer.from('bob');

const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${firstShard + 1}` });
/** Two cores of one region with a shard each; bob’s slot falls to the first. */
export const TWO_CORES = createSlotMap({
  environment: 'unit',
  version: 1,
  shards: 2,
  regions: [{ code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 0), group('tokyo-1', 1)] }],
});
