import { IrisError } from '../../contract/errors.ts';
import { GROUP_APPLY_BYTES } from '../../contract/limits.ts';
import type { GroupLog } from '../../ports/group-log.ts';
import type { Checkpoint, GroupRows } from '../../ports/group-rows.ts';
import { envelopeSequence } from '../../wire/envelope.ts';
import { inboxRow, parkedRow } from '../inbox-log/log-operations.ts';
import { BatchAssembler, type WholeBatch } from './batch-assembler.ts';
import type { GroupContents } from './group-contents.ts';
import { fenceEntry } from './group-entries.ts';
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
 * Finds what the group has come to: fences what owners before may still append, loads what has to be known of the rows, and applies what the log
 * says behind their checkpoint.
 * @returns offset of the log behind that
 * @throws IrisError OWNERSHIP_LOST, ENGINE_INVALID, STORE_FAILED
 */
export async function openGroup(opening: GroupOpening): Promise<number> {
  const { log, rows, contents, applier, epoch, persist } = opening;
  const checkpoint = await persist(() => rows.readCheckpoint());
  if (checkpoint !== undefined && checkpoint.epoch > epoch) {
    throw new IrisError('OWNERSHIP_LOST', `the rows have a checkpoint of epoch ${checkpoint.epoch}, this lease is of ${epoch}`);
  }
  const fence = await persist(() => log.append([fenceEntry(epoch)]));
  if (checkpoint !== undefined && fence < checkpoint.offset) throw replaced(fence, checkpoint);
  const numbers = await persist(() => loadRows(rows, contents));
  contents.reserved = checkpoint?.nextPosition ?? 1;
  contents.gathering.number = checkpoint?.number ?? 0;
  await new Replay(opening, numbers).run(checkpoint);
  await persist(() => applier.flush());
  contents.isReplay = false;
  // Behind whatever reading has left in the log, so that the checkpoint’s offset stays good for as long as what follows it.
  return persist(() => log.append([fenceEntry(epoch)]));
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
  /** Inboxes in the layer that gathers whose changes the stored summaries have. */
  private uncounted = new Set<string>();

  constructor(opening: GroupOpening, numbers: ReadonlyMap<string, number>) {
    this.opening = opening;
    this.numbers = numbers;
  }

  async run(checkpoint: Checkpoint | undefined): Promise<void> {
    const { log, epoch, persist } = this.opening;
    const assembler = new BatchAssembler(checkpoint ?? { epoch: 0, number: 0 });
    let next = checkpoint?.offset ?? 0;
    await persist(async () => {
      for await (const entries of log.read(next)) {
        for (const entry of entries) {
          const batch = assembler.take(entry);
          next = entry.offset + 1;
          if (batch !== undefined) await this.take(batch);
        }
      }
    });
    if (assembler.epoch > epoch) throw new IrisError('OWNERSHIP_LOST', `the log has epoch ${assembler.epoch}, this lease is of ${epoch}`);
    if (assembler.epoch < epoch)
      throw new IrisError('STORE_FAILED', `the log ends in epoch ${assembler.epoch}, before this owner’s own entry`);
    await this.flush();
  }

  private async take(batch: WholeBatch): Promise<void> {
    const { contents } = this.opening;
    const rows = batch.parts.flatMap((part) => contents.rowsOf(part));
    const isCounted = (row: string) => batch.number > (this.numbers.get(row) ?? 0);
    if (contents.gathering.bytes >= GROUP_APPLY_BYTES || rows.some((row) => this.uncounted.has(row) && isCounted(row))) await this.flush();
    for (const part of batch.parts) contents.apply(part, batch.number);
    for (const row of rows) if (!isCounted(row)) this.uncounted.add(row);
  }

  private async flush(): Promise<void> {
    const { applier, persist } = this.opening;
    await persist(() => applier.flush((row) => !this.uncounted.has(row)));
    this.uncounted = new Set();
  }
}

function replaced(fence: number, { offset }: Checkpoint): IrisError {
  return new IrisError(
    'ENGINE_INVALID',
    `the group’s log goes on at offset ${fence}, its rows have applied all before ${offset}: log and rows are not of one group; restore the log’s topic or empty the rows`,
  );
}
