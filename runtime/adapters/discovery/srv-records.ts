import { promises as dns, type SrvRecord } from 'node:dns';
import { errorLine, IrisError } from '../../contract/errors.ts';
import { REGISTER_TIMEOUT_MS } from '../../contract/limits.ts';

/** There is no such name, or it has no such record: an answer, not a failure. */
const EMPTY = ['ENOTFOUND', 'ENODATA'];

/**
 * host:port of each SRV record, the lowest priority first, of one priority the heaviest first.
 * @throws IrisError ENGINE_UNAVAILABLE when the name server does not answer or refuses
 */
export async function serviceAddresses(name: string, server?: string): Promise<string[]> {
  const resolver = new dns.Resolver({ timeout: REGISTER_TIMEOUT_MS / 2, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  try {
    return inOrder(await resolver.resolveSrv(name));
  } catch (cause) {
    if (EMPTY.includes((cause as NodeJS.ErrnoException).code ?? '')) return [];
    throw new IrisError(
      'ENGINE_UNAVAILABLE',
      `the name server${server === undefined ? '' : ` ${server}`} does not tell ${name}: ${errorLine(cause)}`,
    );
  }
}

/** Records of one priority and weight keep their order by name, so that two looks agree. */
export function inOrder(records: readonly SrvRecord[]): string[] {
  return records
    .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight || (a.name < b.name ? -1 : 1))
    .map(({ name, port }) => `${name}:${port}`);
}
