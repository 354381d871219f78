import { parseArgs } from 'node:util';
import { type Command, UsageError } from '../command.ts';
import { connectAs, EDGE_OPTION_HELP, EDGE_OPTIONS } from '../edge-connection.ts';

export const command: Command = {
  name: 'send',
  summary: 'Send one message and print its acknowledgement.',
  usage: 'iris send --as <user> --to <user> [--wait <delivered|read>] [--best-effort] [--at <host:port>] [--json] "text"',
  options: [
    ['--as <user>', 'the sender'],
    ['--to <user>', 'the recipient, online or not'],
    ['--wait <delivered|read>', 'wait until the recipient’s application has it, or a person has read it; exit code 1 after --timeout'],
    ['--best-effort', 'hand it to the recipient if it is online, and store nothing; exit code 1 when it was not handed over'],
    ['--timeout <seconds>', 'how long --wait waits; default: 30'],
    ...EDGE_OPTION_HELP,
    ['--json', 'one line {"from","to","at","durability","sequence","tookMs"}, with "status" where it was waited for'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        as: { type: 'string' },
        to: { type: 'string' },
        wait: { type: 'string' },
        timeout: { type: 'string' },
        'best-effort': { type: 'boolean' },
        json: { type: 'boolean' },
        ...EDGE_OPTIONS,
      },
    });
    const [text, surplus] = positionals;
    if (values.as === undefined || values.to === undefined) throw new UsageError('iris send needs --as and --to');
    if (text === undefined || surplus !== undefined) throw new UsageError('iris send takes one text; put it in quotes');
    const { as: user, to } = values;
    const awaited = statusOf(values.wait);
    const bestEffort = values['best-effort'] === true;
    if (bestEffort && awaited !== undefined) throw new UsageError('--best-effort has no status to --wait for');
    const timeoutMs = 1_000 * secondsOf(values.timeout);
    const { client, at } = await connectAs(user, values, io);
    try {
      const startedAtMs = performance.now();
      const receipt = await client.send(to, text, { status: awaited !== undefined, bestEffort });
      const { durability, sequence } = receipt;
      const tookMs = Number((performance.now() - startedAtMs).toFixed(1));
      const isReached = awaited === undefined || (await client.reached(receipt, awaited, { timeoutMs }));
      const status = awaited === undefined ? undefined : await client.statusOf(receipt);
      const told = { from: user, to, at, durability, sequence, tookMs, ...(status !== undefined && { status }) };
      if (values.json === true) io.result(JSON.stringify(told));
      else {
        io.result(`acknowledged: ${user} to ${to}, ${durability}${meaningOf(durability)}, ${tookMs} ms, by ${client.region} at ${at}`);
        if (status !== undefined) io.result(`status: ${status}`);
      }
      return isReached ? 0 : 1;
    } finally {
      await client.close();
    }
  },
};

function statusOf(text: string | undefined): 'delivered' | 'read' | undefined {
  if (text === undefined || text === 'delivered' || text === 'read') return text;
  throw new UsageError(`--wait is '${text}', it must be delivered or read`);
}

function secondsOf(text = '30'): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UsageError(`--timeout is '${text}', it must be a number of seconds above 0`);
  return seconds;
}

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
