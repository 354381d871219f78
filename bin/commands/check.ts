import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkNodeConfig, readJsonFile } from '../../runtime/contract/node-config.ts';
import { checkSlotMap } from '../../runtime/contract/slot-map.ts';
import { type Command, UsageError } from '../command.ts';

export const command: Command = {
  name: 'check',
  summary: 'Say what is wrong with a node config or a slot map.',
  usage: 'iris check <file.json> [--json]',
  options: [['--json', 'one line {"file","format","ok","problems":[…]} instead of one line per problem']],
  async run(args, io) {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' } } });
    const [file, surplus] = positionals;
    if (file === undefined || surplus !== undefined) throw new UsageError('iris check takes one file');
    const { format, problems } = checkDocument(readJsonFile(resolve(io.cwd, file)));
    const ok = problems.length === 0;
    if (values.json === true) io.result(JSON.stringify({ file, format, ok, problems }));
    else io.result(ok ? `${file}: good, ${format}` : problems.join('\n'));
    if (!ok) io.note(`iris: CONFIG_INVALID: ${file} has ${problems.length} problem${problems.length === 1 ? '' : 's'}`);
    return ok ? 0 : 1;
  },
};

/** The documents a node reads, each with its one validator. */
const VALIDATORS: Readonly<Record<string, (document: unknown) => string[]>> = {
  'iris-node/1': checkNodeConfig,
  'iris-slot-map/1': checkSlotMap,
};

function checkDocument(document: unknown): { format: string | null; problems: string[] } {
  const format = typeof document === 'object' && document !== null && 'format' in document ? document.format : undefined;
  if (typeof format === 'string' && Object.hasOwn(VALIDATORS, format)) return { format, problems: VALIDATORS[format]?.(document) ?? [] };
  const known = Object.keys(VALIDATORS).join(' or ');
  return { format: null, problems: [`format: ${format === undefined ? 'missing' : JSON.stringify(format)}, must be ${known}`] };
}
