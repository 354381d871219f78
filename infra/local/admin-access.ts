import { readFileSync } from 'node:fs';
import { errorLine, IrisError } from '../../runtime/contract/errors.ts';
import { adminTokenPath, type RunningFleet } from './fleet-file.ts';

/** Milliseconds a node has to answer: it may have to read through its store. */
const ADMIN_TIMEOUT_MS = 15_000;

/** A node whose admin listener can be asked. */
export interface AdminTarget {
  /** The node’s name, or its address where the name is not known. */
  readonly id: string;
  readonly role: 'edge' | 'core' | 'unknown';
  readonly region: string;
  /** host:port */
  readonly address: string;
}

/** The admin listeners of one environment and the token for their commands. */
export class AdminAccess {
  readonly targets: readonly AdminTarget[];
  private readonly token: string;

  constructor(targets: readonly AdminTarget[], token: string) {
    this.targets = targets;
    this.token = token;
  }

  /** Of a fleet that runs here. @throws IrisError FILE_UNREADABLE */
  static ofFleet({ fleet, stateDirectory }: RunningFleet): AdminAccess {
    const targets = fleet.nodes.map(({ id, role, region, listen }) => ({ id, role, region, address: listen.admin }));
    return new AdminAccess(targets, readToken(adminTokenPath(stateDirectory)));
  }

  /** Of one node, wherever it runs. @throws IrisError FILE_UNREADABLE */
  static ofNode(address: string, tokenPath: string): AdminAccess {
    return new AdminAccess([{ id: address, role: 'unknown', region: '', address }], readToken(tokenPath));
  }

  /**
   * Runs a command on a node; resolves to its JSON result.
   * @throws IrisError with the node’s code and message, or CONNECTION_FAILED.
   */
  async command(target: AdminTarget, name: string, input: unknown = {}): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    return await ask(target, `/commands/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
  }

  /** `ready`, or in the node’s words why it should get no work; `no answer` where there is none. */
  async readiness({ address }: AdminTarget): Promise<string> {
    try {
      const response = await fetch(`http://${address}/readyz`, {
        signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS),
        headers: { connection: 'close' },
      });
      return (await response.text()).trim();
    } catch {
      return 'no answer';
    }
  }

  /** What `GET /<page>` answers, as JSON. @throws IrisError CONNECTION_FAILED, COMMAND_INVALID */
  async page(target: AdminTarget, page: string): Promise<unknown> {
    return await ask(target, `/${page}`, { method: 'GET' });
  }
}

async function ask(target: AdminTarget, path: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`http://${target.address}${path}`, { ...init, signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS) });
    text = await response.text();
  } catch (cause) {
    throw new IrisError('CONNECTION_FAILED', `node ${target.id} does not answer at ${target.address}: ${errorLine(cause)}`);
  }
  if (response.ok) return JSON.parse(text) as unknown;
  throw new IrisError('COMMAND_INVALID', `node ${target.id} answered ${response.status}: ${reasonOf(text)}`);
}

/** The node’s own code and message, where its answer has them. */
function reasonOf(text: string): string {
  const said = /^\{"error":\{"code":"(\w+)","message":"(.*)"\}\}\s*$/.exec(text);
  return said === null ? text.trim() : `${said[1]}: ${JSON.parse(`"${said[2]}"`) as string}`;
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `the admin token ${path} cannot be read: ${errorLine(cause)}`);
  }
}
