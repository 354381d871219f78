/** D8, L8: nobody waits longer than DIRECTORY_TIMEOUT_MS for Redis, by one timer for all commands. */
import { createServer, type Socket } from 'node:net';
import { CommandDeadlines } from '../../../runtime/adapters/redis/command-deadlines.ts';
import { RedisConnection } from '../../../runtime/adapters/redis/redis-connection.ts';
import { DIRECTORY_TIMEOUT_MS } from '../../../runtime/contract/limits.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';
import { until } from '../../servers/node-pair.ts';

const refusal = (error: unknown) => error as Error;

it('refuses each command at its own time, and hears no answer that comes later', async () => {
  const clock = new ManualClock();
  const deadlines = new CommandDeadlines(clock, 100);
  const said: string[] = [];
  const send = (name: string) => {
    const answer = Promise.withResolvers<string>();
    deadlines.within(answer.promise, refusal).then(
      (value) => said.push(`${name} ${String(value)}`),
      (error: Error) => said.push(`${name}: ${error.message}`),
    );
    return answer;
  };
  const first = send('first');
  await clock.advance(60);
  const second = send('second');
  const third = send('third');
  third.reject(new Error('broken'));
  await clock.advance(40);
  await Promise.resolve();
  first.resolve('late');
  second.resolve('in time');
  await clock.advance(100);
  await new Promise(setImmediate);
  expect(said.toSorted()).toEqual(['first: no answer within 100 ms', 'second in time', 'third: broken']);
  send('fourth');
  deadlines.stop();
  await new Promise(setImmediate);
  expect(said).toContain('fourth: the connection is closed');
});

describe('a server that takes everything and answers nothing', () => {
  const sockets: Socket[] = [];
  const chunks: string[] = [];
  const info = 'redis_version:7.2.0\r\nloading:0\r\n';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (data) => {
      const text = data.toString('latin1');
      if (text.includes('hello')) socket.write("-ERR unknown command 'HELLO'\r\n");
      else if (text.includes('info')) socket.write(`$${info.length}\r\n${info}\r\n`);
      else chunks.push(text);
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('gets every command once, and each is refused when its time is over', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const clock = new ManualClock();
    const settings = { mode: 'single', addresses: [`127.0.0.1:${port}`], primary: '', tls: false } as const;
    const connection = await RedisConnection.open({ settings, clock, telemetry: new MemoryTelemetry() });
    await until(() => connection.isUp, 'it is connected');
    const script = connection.script('return 1');
    const sent = [...Array.from({ length: 50 }, (_, i) => connection.command('GET', `key-${i}`)), script(['key-50'], ['é'])];
    const refused = Promise.allSettled(sent);
    await until(() => chunks.join('').match(/key-/g)?.length === 51, 'they have arrived');
    await clock.advance(DIRECTORY_TIMEOUT_MS);
    for (const { status, reason } of (await refused) as PromiseRejectedResult[])
      expect([status, reason.code, reason.message]).toEqual([
        'rejected',
        'ENGINE_UNAVAILABLE',
        expect.stringContaining(`no answer within ${DIRECTORY_TIMEOUT_MS} ms`),
      ]);
    connection.close();
  });
});
