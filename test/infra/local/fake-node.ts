import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Stands in for a node where only the supervisor is under test: says that it is ready, leaves on SIGTERM and when its parent's pipe
 * closes. FAKE_NODE=dies ends it right after its ready line, refuses ends it before, hangs makes it deaf to SIGTERM; lease-runs-out ends the
 * first life of a core before its ready line, lease-never each.
 */
const config: unknown = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const node = typeof config === 'object' && config !== null && 'node' in config ? config.node : '';
const behaviour = process.env['FAKE_NODE'] ?? '';

if (behaviour === 'refuses') {
  process.stderr.write('port 1 is taken\n');
  process.exit(1);
}
const marker = `${process.argv[2]}.lived`;
if ((behaviour === 'lease-runs-out' && String(node).includes('-g') && !existsSync(marker)) || behaviour === 'lease-never') {
  writeFileSync(marker, '');
  process.stderr.write('OWNERSHIP_LOST: the lease ran out\n');
  process.exit(1);
}
process.on('SIGTERM', () => behaviour !== 'hangs' && process.exit(0));
if (process.env['IRIS_PARENT_PIPE'] === '1') process.stdin.on('end', () => process.exit(0)).resume();
else setInterval(() => undefined, 1_000);
process.stdout.write(`${JSON.stringify({ event: 'ready', node })}\n`);
if (behaviour === 'dies') process.exit(3);
