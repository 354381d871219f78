import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { IrisError } from '../../runtime/contract/errors.ts';
import { systemCode } from '../../runtime/contract/system-error.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** The folder that holds one state folder per environment, below the working folder. */
export const STATE_ROOT = '.iris';

const identity = z.object({ pid: z.int().min(0), startTicks: z.string().nullable() });
const nodeSchema = z.object({
  id: z.string(),
  role: z.enum(['edge', 'core']),
  region: z.string(),
  process: identity,
  /** Waits for the owner of its shards to end. */
  isStandby: z.literal(true).optional(),
  /** host:port; clients reach an edge at `tcp`, other nodes a core at `link`. */
  listen: z.object({ tcp: z.string().optional(), link: z.string().optional(), admin: z.string() }),
});
const fleetSchema = z.object({
  format: z.literal('iris-fleet/1'),
  environment: z.string(),
  supervisor: identity,
  nodes: z.array(nodeSchema),
  /** PEM of the authority to believe, where the edges speak TLS. */
  authorityPath: z.string().optional(),
});

/** Where the nodes of a running fleet are, for `iris send`, `iris listen` and the next `iris up`. */
export type FleetFile = z.infer<typeof fleetSchema>;
export type FleetFileNode = FleetFile['nodes'][number];

export function fleetFilePath(stateDirectory: string): string {
  return join(stateDirectory, 'fleet.json');
}

/** Holds the token that the fleet’s nodes want with an admin command. */
export function adminTokenPath(stateDirectory: string): string {
  return join(stateDirectory, 'admin-token');
}

/** Written aside and renamed, so that a reader never sees half of it. */
export function writeFleetFile(stateDirectory: string, fleet: FleetFile): void {
  const path = fleetFilePath(stateDirectory);
  writeFileSync(`${path}.new`, `${JSON.stringify(fleet, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/**
 * Undefined when the folder holds none.
 * @throws IrisError FILE_UNREADABLE when there is one that is not a fleet's.
 */
export function readFleetFile(stateDirectory: string): FleetFile | undefined {
  const path = fleetFilePath(stateDirectory);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const parsed = fleetSchema.safeParse(jsonOrUndefined(text));
  if (!parsed.success)
    throw new IrisError('FILE_UNREADABLE', `${path} does not describe a local fleet; remove it or choose another --state`);
  return parsed.data;
}

export interface RunningFleet {
  readonly stateDirectory: string;
  readonly fleet: FleetFile;
}

/**
 * The fleet that runs below a folder.
 * @throws IrisError CONNECTION_FAILED when none runs, or several do and none was chosen.
 */
export function findRunningFleet(cwd: string, stateDirectory?: string): RunningFleet {
  const folders = stateDirectory === undefined ? stateFolders(cwd) : [stateDirectory];
  const running = folders.flatMap((folder) => {
    const fleet = readFleetFile(folder);
    return fleet !== undefined && isRunning(fleet.supervisor) ? [{ stateDirectory: folder, fleet }] : [];
  });
  const [only, ...others] = running;
  if (only === undefined) {
    const where = stateDirectory ?? join(cwd, STATE_ROOT);
    throw new IrisError(
      'CONNECTION_FAILED',
      `no fleet runs in ${where}; start one with iris up <environment>, or name an edge with --at host:port`,
    );
  }
  if (others.length > 0) {
    const list = running.map(({ stateDirectory: folder }) => folder).join(', ');
    throw new IrisError('CONNECTION_FAILED', `${running.length} fleets run here: ${list}; choose one with --state`);
  }
  return only;
}

/** Processes of the last fleet on this folder that still run, because its supervisor was killed and they are on their way out. */
export function leftOverProcesses(stateDirectory: string): ProcessIdentity[] {
  const fleet = readFleetFile(stateDirectory);
  if (fleet === undefined) return [];
  return fleet.nodes.map((node) => node.process).filter((process) => process.pid > 0 && isRunning(process));
}

function stateFolders(cwd: string): string[] {
  const root = join(cwd, STATE_ROOT);
  try {
    return readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(root, entry.name)] : []));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
