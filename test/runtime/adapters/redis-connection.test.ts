/** L8: an edge hears DIRECTORY_CHANNELS_MAX channels of Redis; one more is counted, and those that it has stay. */
import { systemClock } from '../../../runtime/adapters/clock-system.ts';
import { RedisConnection } from '../../../runtime/adapters/redis/redis-connection.ts';
import { DIRECTORY_CHANNELS_MAX } from '../../../runtime/contract/limits.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

it('does not subscribe to more channels than it may, and says how many it did not', async () => {
  const telemetry = new MemoryTelemetry();
  // Nobody listens there: what is wanted is remembered until somebody does.
  const settings = { mode: 'single', addresses: ['127.0.0.1:1'], primary: '', tls: false } as const;
  const connection = await RedisConnection.open({ settings, clock: systemClock, telemetry });
  const subscribe = (channel: number) => connection.subscribe(Buffer.from(`c${channel}`), () => undefined);
  const refused = () => telemetry.value('iris_directory_channels_refused_total');
  for (let channel = 0; channel < DIRECTORY_CHANNELS_MAX; channel++) subscribe(channel);
  subscribe(0);
  expect(refused()).toBe(0);
  subscribe(DIRECTORY_CHANNELS_MAX);
  expect(refused()).toBe(1);
  connection.unsubscribe(Buffer.from('c7'));
  subscribe(DIRECTORY_CHANNELS_MAX);
  expect(refused()).toBe(1);
  connection.close();
});
