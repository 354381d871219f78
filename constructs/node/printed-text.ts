/** A function of a shell script that prints a file's text, with its own arguments filled in where it is told to. */
export function printed(name: string, text: string, { isFilledIn = false } = {}): string[] {
  return [`${name}() {`, isFilledIn ? 'cat <<TEXT' : "cat <<'TEXT'", text, 'TEXT', '}', ''];
}
