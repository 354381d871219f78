/** Writes the page of error codes: `node build/error-codes-page.ts > docs/error-codes.md`. A test holds the page against the table. */
import { ERROR_CODES } from '../runtime/contract/errors.ts';

/** What the first digit of a number says. */
const FAMILIES: Readonly<Record<string, string>> = {
  1: 'The frame or the request is wrong',
  2: 'The service cannot do it now',
  3: 'Identity',
  4: 'Configuration and commands, never on a client’s wire',
};

/** @throws Error when a number belongs to no family, so that a new family gets its heading. */
export function errorCodesPage(): string {
  const rows = Object.entries(ERROR_CODES).toSorted(([, a], [, b]) => a.wire - b.wire);
  const families = Map.groupBy(rows, ([, { wire }]) => String(wire)[0] as string);
  const sections = [...families].flatMap(([digit, members]) => {
    const heading = FAMILIES[digit];
    if (heading === undefined) throw new Error(`numbers that begin with ${digit} have no heading in build/error-codes-page.ts`);
    const lines = members.map(([code, { wire, retry, meaning }]) => `| ${wire} | \`${code}\` | ${retry ? 'yes' : 'no'} | ${meaning} |`);
    return [`## ${digit}xxx: ${heading}`, '', '| number | code | retry | meaning |', '|---|---|---|---|', ...lines, ''];
  });
  return [
    '# Error codes',
    '',
    'One closed table. A FAULT frame carries the number; a command prints the code and one line on stderr and ends with exit code 1. Numbers',
    'are never reused. *Retry* says whether the same request may succeed later without a change.',
    '',
    'Generated from `runtime/contract/errors.ts` by `node build/error-codes-page.ts > docs/error-codes.md`.',
    '',
    ...sections,
  ].join('\n');
}

if (import.meta.main) process.stdout.write(errorCodesPage());
