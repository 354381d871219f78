import type { FleetFileNode } from '../infra/local/fleet-file.ts';
import type { SmokeReport } from '../infra/local/smoke-message.ts';
import type { NodeEvent } from '../infra/local/supervised-node.ts';
import { textTable } from './text-table.ts';

/** The table of a fleet that runs. */
export function renderFleet(nodes: readonly FleetFileNode[]): string {
  const hasStandbys = nodes.some((node) => node.isStandby);
  const roleOf = ({ role, isStandby }: FleetFileNode) =>
    role === 'core' && hasStandbys ? (isStandby ? 'core, standby' : 'core, owner') : role;
  const rows = nodes.map((node) => [node.id, roleOf(node), node.region, String(node.process.pid), addressOf(node), node.listen.admin]);
  return textTable([['node', 'role', 'region', 'pid', 'listens at', 'admin'], ...rows]);
}

/** The one line of `iris up --json`. */
export function renderReady(environment: string, nodes: readonly FleetFileNode[]): string {
  const listed = nodes.map(({ id, role, region, isStandby, process: { pid }, listen }) => ({ id, role, region, isStandby, pid, listen }));
  return JSON.stringify({ ready: true, environment, nodes: listed });
}

/** Lines that work as printed: a listener at the last region, a sender at the first. */
export function renderTalk(nodes: readonly FleetFileNode[], authorityPath?: string): string {
  const edges = nodes.filter(({ role }) => role === 'edge');
  const [first, last] = [edges[0]?.listen.tcp, edges.at(-1)?.listen.tcp].map(
    (at) => `${at}${authorityPath === undefined ? '' : ` --ca ${authorityPath}`}`,
  );
  return [
    'Talk to it from two other terminals, Ctrl-C here stops it:',
    `  npx iris listen --as bob --at ${last}`,
    `  npx iris send --as alice --to bob --at ${first} "hello"`,
  ].join('\n');
}

export function renderSmoke(report: SmokeReport): string {
  const { sender, recipient, fromRegion, toRegion, text, durability, acknowledgedMs, deliveredMs } = report;
  const times = `acknowledged ${durability} after ${acknowledgedMs.toFixed(1)} ms, read after ${deliveredMs.toFixed(1)} ms`;
  return `smoke message from ${sender} at ${fromRegion} to ${recipient} at ${toRegion}: "${text}", ${times}`;
}

export function renderEvent(event: NodeEvent): string {
  switch (event.kind) {
    case 'died':
      return `${event.reason}; restarting with its state in ${event.restartInMs} ms`;
    case 'restarted':
      return `${event.node.id} is back as process ${event.pid} after ${Math.round(event.tookMs)} ms`;
    case 'took-over':
      return `${event.node.id} took over as owner with epoch ${event.epoch}`;
    case 'killed':
      return `${event.node.id} did not drain within ${event.afterMs} ms and was killed`;
  }
}

function addressOf({ listen }: FleetFileNode): string {
  return listen.tcp ?? listen.link ?? '';
}
