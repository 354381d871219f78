import { IrisError } from '../../contract/errors.ts';
import { GROUP_UNAPPLIED_BYTES_MAX } from '../../contract/limits.ts';
import { GROUP_REPLAY_BYTES } from '../../contract/limits-store.ts';
import type { GroupLog, LogEntry } from '../../ports/group-log.ts';
import type { Checkpoint, GroupRows } from '../../ports/group-rows.ts';
import { envelopeSequence } from '../../wire/envelope.ts';
import { inboxRow, parkedRow } from '../inbox-log/log-operations.ts';
import { BatchAssembler, type WholeBatch } from './batch-assembler.ts';
import type { GroupContents } from './group-contents.ts';
import { fenceEntry, readHead } from './group-entries.ts';
import { checkFence } from './log-fence.ts';
import type { RowApplier } from './row-applier.ts';

export interface GroupOpening {
  readonly log: GroupLog;
  readonly rows: GroupRows;
  readonly contents: GroupContents;
  readonly applier: RowApplier;
  readonly epoch: number;
  /** Repeats what an engine that is away did not do, while the lease is held. */
  readonly persist: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Finds what the group has come to: fences what owners before may still append, loads what has to be known of the rows, and reads what the log
 * says behind their checkpoint. The rows are brought up to that while the group serves: it is in memory until then, as it was in its owner’s before.
 * @returns offset of the log behind that
 * @throws IrisError OWNERSHIP_LOST, ENGINE_INVALID, STORE_FAILED
 */
export async function openGroup(opening: GroupOpening): Promise<number> {
  const { log, rows, contents, epoch, persist } = opening;
  const checkpoint = await persist(() => rows.readCheckpoint());
  if (checkpoint !== undefined && checkpoint.epoch > epoch) {
    throw new IrisError('OWNERSHIP_LOST', `the rows have a checkpoint of epoch ${checkpoint.epoch}, this lease is of ${epoch}`);
  }
  const fence = await persist(() => log.append([fenceEntry(epoch)]));
  if (checkpoint !== undefined && fence < checkpoint.offset) throw otherLog(opening, checkpoint);
  const numbers = await persist(() => loadRows(rows, contents));
  contents.reserved = checkpoint?.nextPosition ?? 1;
  contents.gathering.number = checkpoint?.number ?? 0;
  const read = await new Replay(opening, numbers).run(checkpoint);
  // Behind whatever reading has left in the log, so that the checkpoint’s offset stays good for as long as what follows it.
  const last = await persist(() => log.append([fenceEntry(epoch)]));
  await persist(() => checkFence({ log, epoch }, { from: read, last }));
  return last;
}

/** @returns the batch of each summary, by row */
async function loadRows(rows: GroupRows, contents: GroupContents): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for await (const part of rows.readSummaries()) {
    for (const summary of part) {
      numbers.set(inboxRow(summary.user, summary.bucket), summary.number);
      contents.inboxes.load(summary);
    }
  }
  for await (const part of rows.readOutgoingSizes())
    for (const { group, position, bytes } of part) contents.outboxes.add(group, position, bytes);
  for (const parked of await rows.readParked()) contents.parked.set(`${envelopeSequence(parked.envelope)} ${parkedRow(parked)}`, parked);
  return numbers;
}

/** Reads a log from its checkpoint to this owner’s fence. */
class Replay {
  private readonly opening: GroupOpening;
  /** Batch that each inbox’s stored summary has. */
  private readonly numbers: ReadonlyMap<string, number>;
  /** Behind the last batch that was whole. */
  private reached: Checkpoint;

  constructor(opening: GroupOpening, numbers: ReadonlyMap<string, number>) {
    this.opening = opening;
    this.numbers = numbers;
    this.reached = { epoch: 0, number: 0, nextPosition: 1, offset: 0 };
  }

  /** @returns offset behind what was read */
  async run(checkpoint: Checkpoint | undefined): Promise<number> {
    const { log, epoch, persist } = this.opening;
    const assembler = new BatchAssembler(checkpoint ?? { epoch: 0, number: 0 });
    let next = checkpoint?.offset ?? 0;
    await persist(async () => {
      const isBehind = checkpoint !== undefined && next === checkpoint.offset && next > 0;
      for await (const entries of isBehind ? readBehind(this.opening, checkpoint) : log.read(next)) {
        for (const entry of entries) {
          const batch = assembler.take(entry);
          next = entry.offset + 1;
          if (batch !== undefined && checkpoint === undefined) await this.checkKnown();
          if (batch !== undefined) await this.take(batch, { epoch: assembler.epoch, offset: next });
        }
      }
    });
    if (assembler.epoch > epoch) throw new IrisError('OWNERSHIP_LOST', `the log has epoch ${assembler.epoch}, this lease is of ${epoch}`);
    if (assembler.epoch < epoch)
      throw new IrisError('STORE_FAILED', `the log ends in epoch ${assembler.epoch}, before this owner’s own entry`);
    this.opening.contents.endReplay(this.reached);
    return next;
  }

  /** `place`: of the entry that made it whole, and behind it. */
  private async take(batch: WholeBatch, place: Pick<Checkpoint, 'epoch' | 'offset'>): Promise<void> {
    const { contents, applier, epoch, persist } = this.opening;
    const { number, parts } = batch;
    if (place.epoch === epoch)
      throw new IrisError('OWNERSHIP_LOST', `another owner has written as of epoch ${epoch}: its lease is not known any more`);
    const rows = parts.flatMap((part) => contents.rowsOf(part));
    const isCounted = (row: string) => number <= (this.numbers.get(row) ?? 0);
    const { gathering } = contents;
    // Of an inbox a layer is in its summary, or not.
    const isMixed = rows.some((row) => gathering.inboxes.get(row)?.isCounted === true && !isCounted(row));
    if (gathering.bytes >= GROUP_REPLAY_BYTES || isMixed) contents.closeLayer(this.reached);
    while (contents.closed.length > 0 && contents.unappliedBytes >= GROUP_UNAPPLIED_BYTES_MAX) await persist(() => applier.applyOldest());
    for (const part of parts) contents.apply(part, number);
    for (const row of rows) if (isCounted(row)) contents.setCounted(row);
    this.reached = { ...place, number, nextPosition: contents.reserved };
  }

  /**
   * An owner’s checkpoint stands before its first batch: where there is none, the rows are not those that belong to the log.
   * @throws IrisError ENGINE_INVALID, OWNERSHIP_LOST where another owner has come in between
   */
  private async checkKnown(): Promise<void> {
    const { log, rows } = this.opening;
    const now = await rows.readCheckpoint();
    if (now !== undefined) throw new IrisError('OWNERSHIP_LOST', `another owner has begun meanwhile, in epoch ${now.epoch}`);
    throw new IrisError(
      'ENGINE_INVALID',
      `${log.name} holds batches of which ${rows.name} knows nothing: they are not of one group; name the servers that belong together, or delete the topic to begin empty`,
    );
  }
}

/**
 * What a log has behind a checkpoint, with the entry before it: that one its owner appended last, so that a log that was made anew is told from the one
 * that the rows follow, however far it has come meanwhile. Only retention removes it.
 */
async function* readBehind(opening: GroupOpening, checkpoint: Checkpoint): AsyncGenerator<readonly LogEntry[]> {
  const { log } = opening;
  const parts = log.read(checkpoint.offset - 1)[Symbol.asyncIterator]();
  const first = await parts.next().catch(unlessRemoved);
  if (first === undefined) return yield* log.read(checkpoint.offset);
  try {
    const [last] = first.done === true ? [] : first.value;
    const isOwn = last?.offset === checkpoint.offset - 1 && readHead(last.body).epoch === checkpoint.epoch;
    if (!isOwn) throw otherLog(opening, checkpoint);
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => parts };
  } finally {
    await parts.return?.();
  }
}

/** An offset that is not there any more. */
function unlessRemoved(error: unknown): undefined {
  if (!(error instanceof IrisError) || error.code !== 'ENGINE_INVALID') throw error;
}

function otherLog({ log, rows }: GroupOpening, { epoch, offset }: Checkpoint): IrisError {
  return new IrisError(
    'ENGINE_INVALID',
    `${rows.name} has applied a log up to offset ${offset} of epoch ${epoch}, ${log.name} is another one: what it held is gone; restore the topic, or drop what the rows lie in to begin empty`,
  );
}
