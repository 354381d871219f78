import { renderDiff, renderDiffMarkdown } from '../../../bin/diff-text.ts';
import { growth } from '../../../environments/growth.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { diffReport } from '../../../infra/reports/diff/diff-report.ts';
import { quotaGrowth } from '../../../infra/reports/diff/quota-diff.ts';

const CPUS = 'L-1216C47A';
const half = { ...proof, edgeSpotShare: 0.5 };
const first = half.regions[0]!;
const grown = { ...half, regions: [{ ...first, edges: 40 }, ...half.regions.slice(1)] };

function report(before: typeof proof, after: typeof proof) {
  const side = (environment: typeof proof) => ({
    name: environment.name,
    environment: environment.name,
    templates: new Map(),
    plan: createPlan(environment),
  });
  return diffReport(side(before), side(after), []);
}

describe('quotas between two environments', () => {
  it('are told where more is needed than before and than a new account has, of that region alone', () => {
    const found = quotaGrowth(createPlan(half), createPlan(grown));
    expect(new Set(found.map(({ awsRegion }) => awsRegion))).toEqual(new Set([first.awsRegion]));
    const cpus = found.find(({ code }) => code === CPUS)!;
    expect(cpus).toMatchObject({ account: 'current', name: 'virtual CPUs of standard on-demand instances', declared: null });
    expect(cpus.before).toBeLessThan(cpus.after);
    expect(cpus.after).toBeGreaterThanOrEqual(40);
  });

  it('are not told for the same, for less, and below what a new account has', () => {
    for (const after of [proof, { ...proof, regions: proof.regions.slice(0, 1), dailyActiveUsers: 1_000 }])
      expect(quotaGrowth(createPlan(half), createPlan(after))).toEqual([]);
    expect(quotaGrowth(createPlan(half), createPlan(grown)).map(({ name }) => name)).not.toContain('VPCs');
    expect(quotaGrowth(createPlan(half), createPlan({ ...grown, runsIn: 'local' }))).toEqual([]);
  });

  it('say what the environment declares, and count from nothing in a new region', () => {
    const declared = quotaGrowth(createPlan(half), createPlan({ ...grown, quotas: { [CPUS]: 500 } }));
    expect(declared.find(({ code }) => code === CPUS)?.declared).toBe(500);
    const inNewPlaces = quotaGrowth(createPlan(half), createPlan(growth)).filter(
      ({ awsRegion }) => !half.regions.some((region) => region.awsRegion === awsRegion),
    );
    expect(inNewPlaces.length).toBeGreaterThan(0);
    expect(new Set(inNewPlaces.map(({ before }) => before))).toEqual(new Set([0]));
  });

  it('stand in the text, the JSON and the Markdown of iris diff', () => {
    const made = report(half, grown);
    const { before, after } = made.quotas!.find(({ code }) => code === CPUS)!;
    expect(renderDiff(made)).toMatch(new RegExp(`${first.awsRegion} +current +virtual CPUs .* ${CPUS} +${before} → ${after} +no`));
    expect(renderDiffMarkdown(made)).toContain(
      `| ${first.awsRegion} | current | virtual CPUs of standard on-demand instances | ${CPUS} | ${before} → ${after} | no |`,
    );
    expect(JSON.parse(JSON.stringify(made)).quotas).toContainEqual(expect.objectContaining({ code: CPUS, before, after }));
    expect(renderDiff(report(half, proof))).not.toMatch(/Quotas/);
  });
});
