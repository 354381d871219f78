import { parseArgs } from 'node:util';
import { type Command, UsageError } from '../command.ts';
import { connectAs, EDGE_OPTION_HELP, EDGE_OPTIONS } from '../edge-connection.ts';

export const command: Command = {
  name: 'send',
  summary: 'Send one message and print its acknowledgement.',
  usage: 'iris send --as <user> --to <user> [--at <host:port>] [--json] "text"',
  options: [
    ['--as <user>', 'the sender'],
    ['--to <user>', 'the recipient, online or not'],
    ...EDGE_OPTION_HELP,
    ['--json', 'one line {"from","to","at","durability","sequence","tookMs"}'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { as: { type: 'string' }, to: { type: 'string' }, json: { type: 'boolean' }, ...EDGE_OPTIONS },
    });
    const [text, surplus] = positionals;
    if (values.as === undefined || values.to === undefined) throw new UsageError('iris send needs --as and --to');
    if (text === undefined || surplus !== undefined) throw new UsageError('iris send takes one text; put it in quotes');
    const { as: user, to } = values;
    const { client, at } = await connectAs(user, values, io);
    try {
      const startedAtMs = performance.now();
      const { durability, sequence } = await client.send(to, text);
      const tookMs = Number((performance.now() - startedAtMs).toFixed(1));
      if (values.json === true) io.result(JSON.stringify({ from: user, to, at, durability, sequence, tookMs }));
      else io.result(`acknowledged: ${user} to ${to}, ${durability}${meaningOf(durability)}, ${tookMs} ms, by ${client.region} at ${at}`);
      return 0;
    } finally {
      await client.close();
    }
  },
};

/** L1's classes in words, for a reader who has not met them. */
function meaningOf(durability: string): string {
  const meanings: Readonly<Record<string, string>> = {
    D0: 'in memory',
    D1: 'survives kill -9',
    D2: 'survives power loss',
    D2q: 'survives power loss on a quorum',
  };
  const meaning = meanings[durability];
  return meaning === undefined ? '' : ` (${meaning})`;
}
