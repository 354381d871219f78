import type { Rollout } from '../infra/reports/rollout.ts';
import { grouped, textTable } from './text-table.ts';

/** Regions named in a row; more are counted. */
const NAMED_MAX = 8;

export function renderRollout({ environment, waves, stopRules }: Rollout): string {
  const rows = waves.map(({ number, kind, regions, stacks, bakeMinutes, usersAtRisk, shareAtRisk }) => [
    String(number),
    kind,
    regions.length > NAMED_MAX ? `${regions.slice(0, NAMED_MAX).join(' ')} and ${regions.length - NAMED_MAX} more` : regions.join(' '),
    String(stacks.length),
    grouped(usersAtRisk),
    `${(shareAtRisk * 100).toFixed(1)} %`,
    bakeMinutes === 0 ? '' : `${bakeMinutes} min`,
  ]);
  const stop = stopRules.map(({ metric, stopWhen }) => `  ${metric} ${stopWhen}`);
  return [
    `${environment}: ${waves.length} waves`,
    textTable([['wave', 'kind', 'regions', 'stacks', 'users of a day', 'of all', 'then watch'], ...rows]),
    `Stop, and put the last assembly back, when\n${stop.join('\n')}`,
  ].join('\n\n');
}
