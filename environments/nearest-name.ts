/** Changes that make a guess worth telling: a third of the name, and two for a short one. */
const CHANGES_PER_CHARACTER = 1 / 3;
const CHANGES_MIN = 2;

/** The known name with the fewest changes from what was written; undefined when nothing is near enough to be a slip of the pen. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const most = Math.max(CHANGES_MIN, Math.floor(written.length * CHANGES_PER_CHARACTER));
  let nearest: string | undefined;
  let fewest = most + 1;
  for (const name of known) {
    const changes = editDistance(written.toLowerCase(), name.toLowerCase());
    if (changes < fewest) [nearest, fewest] = [name, changes];
  }
  return nearest;
}

/** Insertions, deletions and replacements from one text to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
