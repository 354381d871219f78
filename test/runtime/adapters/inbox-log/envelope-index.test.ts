import { EnvelopeIndex } from '../../../../runtime/adapters/inbox-log/envelope-index.ts';
import { inboxRow } from '../../../../runtime/adapters/inbox-log/log-operations.ts';
import { InboxHandle } from '../../../../runtime/ports/inbox-store.ts';

const UNBOUNDED = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
const ALL = { envelopesMax: 1_000, bytesMax: 1e9 };
const rowOf = (user: string) => inboxRow(Buffer.from(user), 0);
const at = (segment: number, offset: number) => ({ segment, offset, length: 100, count: 1, firstIndex: 0 });

function emptyIndex() {
  const index = new EnvelopeIndex({ inbox: UNBOUNDED, outbox: UNBOUNDED });
  const positions = (user: string) => index.page(rowOf(user), 0, ALL).map(({ position }) => position);
  return { index, positions };
}

describe('inboxes that are found by their handles', () => {
  it('an inbox that was emptied gets a row of its own again, although another has taken the one it had (L1)', () => {
    const { index, positions } = emptyIndex();
    const anna = new InboxHandle('anna');
    index.putInto(anna, 1, at(1, 0));
    index.remove(rowOf('anna'), 1);
    index.putInto(new InboxHandle('bob'), 2, at(1, 100));
    index.putInto(anna, 3, at(1, 200));
    expect(positions('anna')).toEqual([3]);
    expect(positions('bob')).toEqual([2]);
  });

  it('two handles of one inbox, and its name, lead to one row (L3)', () => {
    const { index, positions } = emptyIndex();
    const [first, second] = [new InboxHandle('anna'), new InboxHandle('anna')];
    index.putInto(first, 1, at(1, 0));
    index.putInto(second, 2, at(1, 100));
    index.put(rowOf('anna'), 3, at(1, 200));
    index.putInto(first, 4, at(1, 300));
    index.putInto(second, 5, at(1, 400));
    expect(positions('anna')).toEqual([1, 2, 3, 4, 5]);
    expect(index.rows).toBe(1);
  });

  it('the bytes that a segment keeps are counted again after it kept none (L8)', () => {
    const { index } = emptyIndex();
    const anna = new InboxHandle('anna');
    index.putInto(anna, 1, at(7, 0));
    const bytes = index.liveBytesOf(7);
    index.remove(rowOf('anna'), 1);
    expect(index.liveBytesOf(7)).toBe(0);
    index.putInto(anna, 2, at(7, 100));
    index.putInto(anna, 3, at(8, 0));
    index.putInto(anna, 4, at(7, 200));
    expect([index.liveBytesOf(7), index.liveBytesOf(8), index.liveBytes]).toEqual([2 * bytes, bytes, 3 * bytes]);
  });

  it('coming and going in any order, what waits is what was put and not taken away', () => {
    const { index, positions } = emptyIndex();
    const handles = Array.from({ length: 5 }, (_, i) => new InboxHandle(`user-${i}`));
    const waiting = new Map(handles.map(({ name }) => [name, [] as number[]]));
    let seed = 20;
    const below = (bound: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 16) % bound;
    };
    for (let position = 1; position <= 2_000; position++) {
      const handle = handles[below(handles.length)]!;
      const mine = waiting.get(handle.name)!;
      if (below(2) === 0 && mine.length > 0) index.remove(rowOf(handle.name), mine.splice(below(mine.length), 1)[0]!);
      else {
        mine.push(position);
        if (below(3) === 0) index.put(rowOf(handle.name), position, at(below(3), position));
        else index.putInto(handle, position, at(below(3), position));
      }
      if (below(9) === 0) handles[below(handles.length)] = new InboxHandle(handle.name);
    }
    for (const [name, mine] of waiting) expect(positions(name)).toEqual(mine);
    expect(index.envelopes).toBeGreaterThanOrEqual([...waiting.values()].flat().length);
  });
});
