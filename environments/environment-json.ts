import { readFileSync } from 'node:fs';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';

/** What editors of Windows begin a file with. */
const BYTE_ORDER_MARK = /^\uFEFF/;
/** In a text that is JSON: a string, with the colon that makes it a name, or a bracket. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g;

/**
 * An environment file’s JSON. A name that is written twice in one object is refused: JSON keeps the last without a word, and the reader of the file
 * sees the first.
 * @throws IrisError FILE_UNREADABLE with the path and the reason.
 */
export function readEnvironmentJson(path: string): unknown {
  try {
    const text = readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '');
    const document: unknown = JSON.parse(text);
    const repeated = repeatedName(text);
    if (repeated !== undefined)
      throw new Error(`${repeated.name} is written twice in one object, again in line ${repeated.line}; keep one of them`);
    return document;
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} cannot be read as JSON: ${errorLine(cause)}`);
  }
}

function repeatedName(text: string): { name: string; line: number } | undefined {
  const open: Set<string>[] = [];
  for (const { 0: token, 1: string, 2: colon, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (string !== undefined && colon !== undefined) {
      const [names, name] = [open.at(-1), JSON.parse(string) as string];
      if (names?.has(name) === true) return { name, line: text.slice(0, index).split('\n').length };
      names?.add(name);
    }
  }
  return undefined;
}
