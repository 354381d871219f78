import type { DiffReport } from '../infra/reports/diff/diff-report.ts';
import { FIGURES, type RegionDiff } from '../infra/reports/diff/plan-diff.ts';
import type { QuotaGrowth } from '../infra/reports/diff/quota-diff.ts';
import { grouped, textTable } from './text-table.ts';

type Rows = string[][];

const SIGN = { add: '+', remove: '-', update: '~', replace: '!', mayReplace: '?' } as const;
const LEGEND = '+ added  - removed  ~ updated in place  ! replaced  ? replaced or not, only AWS knows';
/** Resources listed in text and Markdown; more are in the JSON. */
const LISTED_MAX = 200;

/** A comparison for people: regions first, then every resource that is more than a plain addition, then the verdict. */
export function renderDiff(report: DiffReport): string {
  if (report.changes.length === 0 && !hasPlanDiff(report)) return `${report.before} and ${report.after} deploy the same`;
  const listed = resourceLines(report);
  const sections = [
    `${report.before} → ${report.after}`,
    ...planLines(report, textTable),
    ...quotaLines(report, textTable),
    ...(report.scopes.length > 0 ? [textTable(scopeRows(report))] : []),
    ...(listed.length > 0 ? [listed.join('\n')] : []),
    verdict(report),
  ];
  return sections.join('\n\n');
}

/** The same for a pull request. */
export function renderDiffMarkdown(report: DiffReport): string {
  if (report.changes.length === 0 && !hasPlanDiff(report)) return `**${report.before} → ${report.after}**: deploy the same`;
  const listed = resourceLines(report);
  return [
    `### ${report.before} → ${report.after}`,
    ...planLines(report, markdownTable),
    ...quotaLines(report, markdownTable),
    ...(report.scopes.length > 0 ? [markdownTable(scopeRows(report))] : []),
    ...(listed.length > 0 ? [`\`\`\`text\n${listed.join('\n')}\n\`\`\``] : []),
    `**${verdict(report)}**`,
  ].join('\n\n');
}

function hasPlanDiff({ plan }: DiffReport): boolean {
  return plan !== null && (plan.regions.length > 0 || plan.slotsMoved > 0);
}

function planLines({ plan, cost }: DiffReport, table: (rows: Rows) => string): string[] {
  if (plan === null || (plan.regions.length === 0 && plan.slotsMoved === 0)) return costLines(cost);
  const moved = `${grouped(plan.slotsMoved)} of 1,048,576 slots change their shard group: ${grouped(plan.usersMoved)} users of a day move`;
  return [...(plan.regions.length > 0 ? [table(regionRows(plan.regions))] : []), [moved, ...costLines(cost)].join('\n')];
}

function costLines(cost: DiffReport['cost']): string[] {
  if (cost === null || cost.before === cost.after) return [];
  const [before, after] = [Math.round(cost.before), Math.round(cost.after)];
  const change = `${after >= before ? '+' : '-'}$${grouped(Math.abs(after - before))}`;
  return [`$${grouped(before)} → $${grouped(after)} a month at list price (${change})`];
}

function quotaLines({ quotas }: DiffReport, table: (rows: Rows) => string): string[] {
  if (quotas === null || quotas.length === 0) return [];
  return ['Quotas that this takes more of, and more than a new account has:', table(quotaRows(quotas))];
}

function quotaRows(quotas: readonly QuotaGrowth[]): Rows {
  const rows = quotas.map(({ awsRegion, account, name, code, before, after, declared }) => [
    awsRegion,
    account,
    name,
    code ?? 'by support',
    `${grouped(before)} → ${grouped(after)}`,
    declared === null ? 'no' : grouped(declared),
  ]);
  return [['AWS region', 'account', 'quota', 'code', 'need', 'declared'], ...rows];
}

function regionRows(regions: readonly RegionDiff[]): Rows {
  const shown = FIGURES.filter((figure) => regions.some(({ figures }) => figures[figure] !== undefined));
  const rows = regions.map(({ code, action, figures, usersIn, usersOut }) => [
    { add: `+ ${code}`, remove: `- ${code}`, change: `~ ${code}` }[action],
    ...shown.map((figure) => delta(figures[figure])),
    grouped(usersIn),
    grouped(usersOut),
  ]);
  return [['region', ...shown, 'users in', 'users out'], ...rows];
}

function delta(pair: readonly [number, number] | undefined): string {
  if (pair === undefined) return '';
  const [before, after] = pair;
  return `${grouped(before)} → ${grouped(after)}`;
}

function scopeRows({ scopes }: DiffReport): Rows {
  const rows = scopes.map(({ scope, changes, statefulReplacements }) => [
    scope,
    ...(['add', 'remove', 'update', 'replace', 'mayReplace'] as const).map((action) => grouped(changes[action])),
    statefulReplacements === 0 ? '' : `${statefulReplacements} with state`,
  ]);
  return [['stacks of', 'added', 'removed', 'updated', 'replaced', 'maybe', ''], ...rows];
}

/** A resource of an added or removed stack says nothing that the table has not said. */
function resourceLines({ changes }: DiffReport): string[] {
  const telling = changes.filter(({ action, isStateful }) => action !== 'add' && (action !== 'remove' || isStateful));
  if (telling.length === 0) return [];
  const lines = telling.slice(0, LISTED_MAX).map(({ action, stack, logicalId, type, paths, causes, isStateful }) => {
    const why = causes.length > 0 ? causes : paths;
    return `${SIGN[action]} ${stack} ${logicalId} ${type}${isStateful ? ' (has state)' : ''}${why.length > 0 ? `: ${why.join(', ')}` : ''}`;
  });
  const rest = telling.length - lines.length;
  return [LEGEND, ...lines, ...(rest > 0 ? [`and ${rest} more; --json lists all`] : [])];
}

function verdict({ refused, changes }: DiffReport): string {
  if (refused.length > 0) {
    const flags = [...new Set(refused.map((id) => `--accept ${id.split('/')[1]}`))].join(' ');
    return `Refused: ${refused.length} resource${refused.length === 1 ? '' : 's'} with state would be replaced and lose it; if that is wanted: ${flags}`;
  }
  const count = changes.length;
  return `${count} resource${count === 1 ? '' : 's'} change${count === 1 ? 's' : ''}; nothing that has state is replaced without being accepted`;
}

function markdownTable(rows: Rows): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [header = [], ...body] = rows;
  return [line(header), line(header.map(() => '---')), ...body.map(line)].join('\n');
}
