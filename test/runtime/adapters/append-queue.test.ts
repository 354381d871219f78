import { AppendQueue, LOG_ENTRY_BYTES_MAX } from '../../../runtime/adapters/append-queue.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { LOG_APPENDS_WAITING_BYTES_MAX, LOG_PART_BYTES_MAX } from '../../../runtime/contract/limits.ts';

/** A log whose parts are stored, or fail, when the test says so. */
function heldQueue() {
  const parts: { readonly entries: readonly Buffer[]; store(): Promise<void>; fail(): Promise<void> }[] = [];
  let end = 0;
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const queue = new AppendQueue((entries) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const store = () => {
      end += entries.length;
      resolve(end - 1);
      return settled();
    };
    const fail = () => {
      reject(new IrisError('ENGINE_UNAVAILABLE', 'away'));
      return settled();
    };
    parts.push({ entries, store, fail });
    return promise;
  });
  return { queue, parts };
}
const entry = (bytes: number, value = 0) => Buffer.alloc(bytes, value);
const code = (append: Promise<number>) => append.catch((error: IrisError) => error.code);

describe('appends for a log', () => {
  it('have one part under way; what came meanwhile goes together, and each hears of its last entry', async () => {
    const { queue, parts } = heldQueue();
    const first = queue.append([entry(1), entry(1)]);
    const others = [queue.append([entry(1)]), queue.append([entry(1), entry(1), entry(1)])];
    expect(parts.map(({ entries }) => entries.length)).toEqual([2]);
    await parts[0]?.store();
    expect(parts.map(({ entries }) => entries.length)).toEqual([2, 4]);
    await parts[1]?.store();
    expect(await Promise.all([first, ...others])).toEqual([1, 2, 5]);
  });

  it('longer than LOG_PART_BYTES_MAX go in several parts, with the beginning of the next one', async () => {
    const { queue, parts } = heldQueue();
    const half = entry(LOG_PART_BYTES_MAX / 2 - 100);
    const heard: string[] = [];
    const [long, next] = [queue.append([half, half, half]), queue.append([half, half, entry(1)])];
    void long.then((offset) => heard.push(`long ${offset}`));
    void next.then((offset) => heard.push(`next ${offset}`));
    for (const count of [2, 2, 2]) {
      expect(parts.at(-1)?.entries.length).toBe(count);
      await parts.at(-1)?.store();
    }
    expect(heard).toEqual(['long 2', 'next 5']);
    for (const { entries } of parts) expect(entries.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(LOG_PART_BYTES_MAX);
  });

  it('fail with all that wait behind them, so that they can be appended again in their order (L3)', async () => {
    const { queue, parts } = heldQueue();
    const outcomes = [queue.append([entry(1, 1)]), queue.append([entry(1, 2)]), queue.append([entry(1, 3)])].map(code);
    await parts[0]?.fail();
    expect(await Promise.all(outcomes)).toEqual(Array(3).fill('ENGINE_UNAVAILABLE'));
    expect(parts.length).toBe(1);
    const again = queue.append([entry(1, 1)]);
    await parts[1]?.store();
    expect(await again).toBe(0);
  });

  it('are refused as OVERLOADED beyond LOG_APPENDS_WAITING_BYTES_MAX, and taken again when it has drained (L8)', async () => {
    const { queue, parts } = heldQueue();
    const megabyte = entry(1_048_576);
    const appends = Array.from({ length: LOG_APPENDS_WAITING_BYTES_MAX / megabyte.length + 1 }, () => queue.append([megabyte]));
    expect(await code(queue.append([entry(1)]))).toBe('OVERLOADED');
    for (let index = 0; index < appends.length; index++) await parts[index]?.store();
    expect(await Promise.all(appends)).toEqual(appends.map((_, index) => index));
    const next = queue.append([entry(1)]);
    await parts.at(-1)?.store();
    expect(await next).toBe(appends.length);
  });

  it('are refused as FRAME_TOO_LARGE above LOG_ENTRY_BYTES_MAX, and when there are none', async () => {
    const { queue, parts } = heldQueue();
    expect(await code(queue.append([entry(LOG_ENTRY_BYTES_MAX + 1)]))).toBe('FRAME_TOO_LARGE');
    expect(await code(queue.append([]))).toBe('FRAME_MALFORMED');
    void queue.append([entry(LOG_ENTRY_BYTES_MAX)]);
    expect(parts.length).toBe(1);
    await parts[0]?.store();
  });

  it('reject when the queue is closed, those under way too', async () => {
    const { queue, parts } = heldQueue();
    const underWay = code(queue.append([entry(1)]));
    queue.close(new IrisError('ENGINE_UNAVAILABLE', 'closed'));
    await parts[0]?.store();
    expect([await underWay, await code(queue.append([entry(1)]))]).toEqual(['ENGINE_UNAVAILABLE', 'ENGINE_UNAVAILABLE']);
  });
});
