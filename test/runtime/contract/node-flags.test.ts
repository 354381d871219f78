/** A node that relays buffers spends no time on full collections of a heap that they are not in. */
import { spawnSync } from 'node:child_process';
import { serviceUnit } from '../../../constructs/node/service-unit.ts';
import { flagsOf, NODE_ENVIRONMENT, nodeFlags } from '../../../runtime/contract/node-flags.ts';

/** 1 GB in buffers of a socket's size, a few of them kept for a while, in a heap as small as a node's. */
const RELAY = `
  const kept = [];
  for (let i = 0; i < 16_384; i++) kept[i % 256] = Buffer.allocUnsafeSlow(65_536);
`;

function fullCollections(flags: readonly string[]): number {
  const { stdout, status } = spawnSync(process.execPath, [...flags, '--trace-gc', '-e', RELAY], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.match(/Mark-Compact/g)?.length ?? 0;
}

it.each(['edge', 'core'] as const)('needs no full collection to relay a gigabyte as an %s, where the defaults need several', (role) => {
  expect(fullCollections(nodeFlags(role, process.versions.v8))).toBe(0);
  expect(fullCollections([])).toBeGreaterThan(2);
});

it('leaves out what another V8 may not know', () => {
  expect(nodeFlags('edge', '13.6.233.17-node.28')).toEqual(flagsOf('edge'));
  expect(nodeFlags('edge', '14.1.146.11-node.14')).toEqual([]);
});

it.each(['edge', 'core'] as const)('starts the %s of a machine with them', (role) => {
  const unit = serviceUnit({ role, stopTimeoutSeconds: 30 });
  expect(unit).toContain(`/opt/iris/current/node ${flagsOf(role).join(' ')} /opt/iris/current/${role}.mjs`);
  for (const [name, value] of Object.entries(NODE_ENVIRONMENT)) expect(unit).toContain(`\nEnvironment=${name}=${value}\n`);
});
