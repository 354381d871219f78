import type { QuotaNeed } from '../infra/reports/limits/quota-needs.ts';
import type { Headroom } from '../infra/reports/limits/template-headroom.ts';
import { grouped, textTable } from './text-table.ts';

/** The fullest template by each limit. */
export function headroomTable(rows: readonly Headroom[]): string {
  return textTable([
    ['limit', 'most', 'of', 'used', 'where'],
    ...rows.map(({ limit, value, max, where }) => [limit, grouped(value), grouped(max), `${Math.round((value / max) * 100)} %`, where]),
  ]);
}

export function quotaTable(rows: readonly QuotaNeed[]): string {
  return textTable([
    ['AWS region', 'account', 'quota', 'code', 'need', 'have', 'source'],
    ...rows.map((row) => [row.awsRegion, row.account, row.name, row.code ?? '', grouped(row.need), grouped(row.have), row.source]),
  ]);
}

/** What asks AWS for a quota; a support case where it has no code. */
export function quotaRequest({ service, code, name, need, awsRegion, account }: QuotaNeed): string {
  const where = account === 'current' ? '' : `  # account ${account}`;
  if (code === null) return `# support case: ${name} in ${awsRegion} to ${need}${where}`;
  return `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${need} --region ${awsRegion}${where}`;
}
