import { parseArgs } from 'node:util';
import type { MessageGap } from '../../runtime/client/incoming-gaps.ts';
import type { IrisClient } from '../../runtime/client/iris-client.ts';
import { READ_CONNECTIONS_MAX } from '../../runtime/contract/limits.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { connectAs, EDGE_OPTION_HELP, EDGE_OPTIONS } from '../edge-connection.ts';

export const command: Command = {
  name: 'listen',
  summary: 'Print the messages of a user as they come, each acknowledged once it is printed.',
  usage: 'iris listen --as <user> [--at <host:port>] [--connections <n>] [--count <n>] [--read] [--json]',
  options: [
    ['--as <user>', 'whose inbox'],
    ...EDGE_OPTION_HELP,
    ['--connections <n>', `over how many connections the buckets of a promoted inbox are read, 1 to ${READ_CONNECTIONS_MAX}; default: 1`],
    ['--count <n>', 'end after this many messages; default: until Ctrl-C'],
    ['--read', 'tell the senders who want to know that each message was read'],
    [
      '--json',
      'one line {"from","to","text","sentAtMs","receivedAtMs"} per message; "bestEffort":true in one that is not stored; {"gap"} for messages that waited too long',
    ],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        as: { type: 'string' },
        connections: { type: 'string' },
        count: { type: 'string' },
        read: { type: 'boolean' },
        json: { type: 'boolean' },
        ...EDGE_OPTIONS,
      },
    });
    if (values.as === undefined) throw new UsageError('iris listen needs --as');
    if (positionals.length > 0) throw new UsageError(`iris listen takes no argument, got '${positionals[0]}'`);
    const user = values.as;
    const countMax = countOf(values.count);
    const connections = connectionsOf(values.connections);
    const { client, at } = await connectAs(user, { ...values, connections }, io);
    io.note(`${user} listens at ${client.region}, ${at}${countMax === Number.POSITIVE_INFINITY ? '; Ctrl-C ends' : ''}`);
    let left: Promise<boolean> | undefined;
    const leave = async (): Promise<void> => {
      left ??= client.close();
      await left;
    };
    io.signal.addEventListener('abort', () => void leave(), { once: true });
    try {
      await printMessages(client, io, { user, countMax, isRead: values.read === true, isJson: values.json === true });
    } finally {
      await leave();
    }
    return 0;
  },
};

interface PrintOptions {
  readonly user: string;
  readonly countMax: number;
  readonly isRead: boolean;
  readonly isJson: boolean;
}

/** The acknowledgement comes after the print: a message whose reader was killed in between comes again. */
async function printMessages(client: IrisClient, io: CommandIo, { user, countMax, isRead, isJson }: PrintOptions): Promise<void> {
  client.onBestEffort(({ sender, body, sentAtMs }) => {
    const text = body.toString('utf8');
    if (isJson) io.result(JSON.stringify({ from: sender, to: user, text, sentAtMs, receivedAtMs: Date.now(), bestEffort: true }));
    else io.result(`${new Date(sentAtMs).toISOString()} ${sender}: ${text} (best effort)`);
  });
  let count = 0;
  client.onGap((gap) => {
    if (isJson) io.result(JSON.stringify({ gap }));
    else io.note(gapLine(gap));
  });
  for await (const message of client.messages()) {
    const { sender, sentAtMs } = message;
    if (isJson) io.result(JSON.stringify({ from: sender, to: user, text: message.text(), sentAtMs, receivedAtMs: Date.now() }));
    else io.result(`${new Date(sentAtMs).toISOString()} ${sender}: ${message.text()}`);
    client.ack(message);
    if (isRead) client.markRead(message);
    count += 1;
    if (count >= countMax) return;
  }
}

function gapLine({ messages, firstSentAtMs, lastSentAtMs, reason }: MessageGap): string {
  if (reason === 'other-log') return 'the server has another log than before: what was not read then may be missing';
  const [first, last] = [new Date(firstSentAtMs).toISOString(), new Date(lastSentAtMs).toISOString()];
  return `${messages} messages of ${first} to ${last} waited too long and are gone`;
}

function connectionsOf(text: string | undefined): number {
  const connections = Number(text ?? 1);
  if (!Number.isInteger(connections) || connections < 1 || connections > READ_CONNECTIONS_MAX)
    throw new UsageError(`--connections is '${text}', it must be a whole number of 1 to ${READ_CONNECTIONS_MAX}`);
  return connections;
}

function countOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`--count is '${text}', it must be a whole number from 1 on`);
  return count;
}
