import { diff } from 'node:util';
import { type Snapshot, UPDATE_COMMAND } from './preset-snapshot.ts';

const FILES_SHOWN_MAX = 4;
const LINES_SHOWN_MAX = 8;
const MARKS = { '-1': '+', '0': ' ', '1': '-' } as const;

/** What differs, short enough to read in a terminal, with the command that takes it over; empty when nothing does. */
export function differences(committed: Snapshot, made: Snapshot): string {
  const names = [...new Set([...committed.keys(), ...made.keys()])].filter((name) => committed.get(name) !== made.get(name));
  if (names.length === 0) return '';
  const shown = names.toSorted().slice(0, FILES_SHOWN_MAX);
  const rest = names.length - shown.length;
  return [
    `${names.length} snapshots differ from what is synthesized; if that is wanted, run: ${UPDATE_COMMAND}`,
    ...shown.flatMap((name) => [name, ...changedLines(committed.get(name), made.get(name))]),
    ...(rest > 0 ? [`and ${rest} more files`] : []),
  ].join('\n');
}

function changedLines(before: string | undefined, after: string | undefined): string[] {
  if (before === undefined) return ['  + the file is new'];
  if (after === undefined) return ['  - the file is gone'];
  const changed = diff(before.split('\n'), after.split('\n')).filter(([operation]) => operation !== 0);
  const rest = changed.length - LINES_SHOWN_MAX;
  const lines = changed.slice(0, LINES_SHOWN_MAX).map(([operation, line]) => `  ${MARKS[`${operation}`]} ${line.slice(0, 140)}`);
  return rest > 0 ? [...lines, `  and ${rest} more lines`] : lines;
}
