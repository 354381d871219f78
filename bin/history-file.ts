import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import { HistoryChecker, type Verdict } from '../runtime/simulation/history-checker.ts';
import { parseHistoryLine } from '../runtime/simulation/history-event.ts';

const BUFFERED_CHARACTERS_MAX = 1_048_576;

/** Judges a file of a history’s lines. @throws IrisError FILE_UNREADABLE where it cannot be read or a line is none. */
export async function checkHistoryFile(path: string): Promise<Verdict> {
  const checker = new HistoryChecker();
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (line !== '') checker.take(parseHistoryLine(line));
    }
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} line ${number} is no history: ${errorLine(cause)}`, { cause });
  }
  return checker.verdict();
}

/** A new file that takes a history’s lines. @throws IrisError CONFIG_INVALID where it cannot be made. */
export function createHistoryFile(path: string): { line(text: string): void; close(): void } {
  let buffered: string[] = [];
  let characters = 0;
  const file = open(path);
  const flush = () => {
    if (buffered.length > 0) writeSync(file, `${buffered.join('\n')}\n`);
    buffered = [];
    characters = 0;
  };
  return {
    line: (text) => {
      buffered.push(text);
      characters += text.length;
      if (characters >= BUFFERED_CHARACTERS_MAX) flush();
    },
    close: () => {
      flush();
      closeSync(file);
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (cause) {
    throw new IrisError('CONFIG_INVALID', `${path} cannot be written: ${errorLine(cause)}`, { cause });
  }
}
