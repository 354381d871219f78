import { environmentFields } from './schema-fields.ts';

/** Every field with its meaning, unit and default, as Markdown: docs/environment.md, and what `iris plan --fields` prints. */
export function describeEnvironment(): string {
  const rows = environmentFields().map(({ path, description, defaultJson, isRequired }) => {
    const fallback = defaultJson === undefined ? (isRequired ? 'required' : '') : `\`${defaultJson}\``;
    return `| \`${path}\` | ${fallback} | ${description.replaceAll('|', '\\|')} |`;
  });
  return [
    '# The fields of an environment',
    '',
    'An environment is a `.ts` file that exports `defineEnvironment({ … })`, or a `.json` file. Counts are whole numbers, shares are 0 to 1,',
    'sizes are bytes and times milliseconds unless a field says otherwise. This page is what `iris plan --fields` prints.',
    '',
    '| field | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
