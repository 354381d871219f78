import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { EMBEDDED_FOLDER, ENGINES_FOLDER } from './engine-folders.ts';
import { fleetFilePath, leftOverProcesses } from './fleet-file.ts';
import type { FleetLayout, FleetTls } from './fleet-layout.ts';
import { checkPortsFree } from './free-ports.ts';
import { makeLocalCertificate } from './local-certificate.ts';
import { mapToStartWith } from './published-map.ts';
import { lockState, type StateLock } from './state-lock.ts';

/** Milliseconds that nodes of a killed supervisor get to drain before they are killed too; above the runtime's drain timeout. */
const LEFT_OVER_TIMEOUT_MS = 15_000;
const LEFT_OVER_POLL_MS = 50;
/** Milliseconds before its making from which a certificate holds, for clocks that go back, and after it: longer than a fleet is up. */
const CERTIFICATE_AGE_MS = 3_600_000;
const CERTIFICATE_LIFE_MS = 365 * 86_400_000;

/**
 * Takes a state folder for this process and writes what the nodes read. After a kill -9 of everything the stores are still there, and
 * the fleet goes on from them.
 * @throws IrisError STATE_IN_USE, ADDRESS_IN_USE, or CONFIG_INVALID when the stores belong to a fleet of another shape.
 */
export async function prepareState(layout: FleetLayout): Promise<StateLock> {
  const lock = await takeState(layout.stateDirectory);
  try {
    checkSameShape(layout);
    await checkPortsFree(layout.nodes);
    writeDocuments(layout);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Takes a state folder for this process when no node of a fleet is left on it.
 * @throws IrisError STATE_IN_USE
 */
export async function takeState(stateDirectory: string): Promise<StateLock> {
  const lock = lockState(stateDirectory);
  try {
    await endLeftOvers(stateDirectory);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Gives the folder back; the stores stay. */
export function leaveState(layout: FleetLayout, lock: StateLock): void {
  rmSync(fleetFilePath(layout.stateDirectory), { force: true });
  rmSync(layout.adminTokenPath, { force: true });
  lock.release();
}

/** Nodes see that their supervisor is gone and drain by themselves; one that hangs is killed. */
async function endLeftOvers(stateDirectory: string): Promise<void> {
  const deadlineMs = performance.now() + LEFT_OVER_TIMEOUT_MS;
  while (leftOverProcesses(stateDirectory).length > 0) {
    if (performance.now() > deadlineMs) for (const { pid } of leftOverProcesses(stateDirectory)) process.kill(pid, 'SIGKILL');
    await delay(LEFT_OVER_POLL_MS);
  }
}

/**
 * A store holds the inboxes of its shards. With another number of shards, or the shards in other groups, users would look for their
 * messages in the wrong store, so such a start is refused rather than losing sight of them.
 */
function checkSameShape({ slotMap, slotMapPath, stateDirectory }: FleetLayout): void {
  const hasStores = [EMBEDDED_FOLDER, ENGINES_FOLDER].some((folder) => existsSync(join(stateDirectory, folder)));
  if (!existsSync(slotMapPath) || !hasStores) return;
  const before: unknown = JSON.parse(readFileSync(slotMapPath, 'utf8'));
  if (shapeKey(before) === shapeKey(slotMap) || mapToStartWith(slotMap)(slotMapPath) !== slotMap) return;
  throw new IrisError(
    'CONFIG_INVALID',
    `${stateDirectory} holds the stores of a fleet with other shards or groups; give this one a folder of its own with --state, or remove that one`,
  );
}

/** Everything of a slot map but addresses and version, which may change between two starts. */
function shapeKey(document: unknown): string {
  return JSON.stringify(document, (key, value: unknown) => (['address', 'standby', 'version'].includes(key) ? undefined : value));
}

function writeDocuments({ nodes, slotMap, slotMapPath, adminTokenPath, tls }: FleetLayout): void {
  writeJson(slotMapPath, mapToStartWith(slotMap)(slotMapPath) satisfies SlotMap);
  for (const node of nodes) writeJson(node.configPath, node.config);
  writeAdminToken(adminTokenPath);
  if (tls !== null) writeCertificate(tls);
}

/** Anew for each run, by an authority that signs nothing else. */
function writeCertificate({ authorityPath, certificatePath, keyPath }: FleetTls): void {
  const nowMs = Date.now();
  const hosts = ['localhost', '127.0.0.1'];
  const made = makeLocalCertificate({ hosts, fromMs: nowMs - CERTIFICATE_AGE_MS, untilMs: nowMs + CERTIFICATE_LIFE_MS });
  mkdirSync(dirname(keyPath), { recursive: true });
  writeFileSync(authorityPath, made.authority);
  writeFileSync(certificatePath, made.certificate);
  rmSync(keyPath, { force: true });
  writeFileSync(keyPath, made.key, { mode: 0o600, flag: 'wx' });
}

/** A new one for each run, for this user’s eyes only. */
function writeAdminToken(path: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
}

function writeJson(path: string, document: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
}
