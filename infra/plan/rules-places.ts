import { nearestName } from '../../environments/nearest-name.ts';
import { AWS_REGIONS, type AwsRegion } from '../facts/aws-regions.ts';
import type { EnvironmentDraft, RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';

/** ScyllaDB and Kafka keep three copies in three zones (D4); an embedded region is content with one. */
const ZONES_MIN = { embedded: 1, distributed: 3 } as const;
/** A network has room for four zones. */
const ZONES_MAX = 4;

/** AWS regions and zones must exist; an environment of this machine has none of them. */
export function placeRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  return [...awsRegionProblems('globalRegion', draft.globalRegion), ...draft.regions.flatMap((region) => regionProblems(draft, region))];
}

function regionProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const field = `regions[${region.index}]`;
  const facts = region.awsRegion === undefined ? undefined : AWS_REGIONS.get(region.awsRegion);
  return [
    ...awsRegionProblems(`${field}.awsRegion`, region.awsRegion),
    ...certificateProblems(`${field}.certificateArn`, draft, region),
    ...(facts === undefined ? [] : zoneProblems(draft, region, facts)),
  ];
}

function awsRegionProblems(field: string, awsRegion: string | undefined): EnvironmentProblem[] {
  if (awsRegion === undefined || AWS_REGIONS.has(awsRegion)) return [];
  const names = [...AWS_REGIONS.keys()];
  const nearest = nearestName(awsRegion, names);
  const remedy = nearest === undefined ? `use one of ${names.join(', ')}` : `did you mean ${nearest}`;
  return [{ field, value: awsRegion, limit: `one of AWS’s ${names.length} commercial regions`, remedy }];
}

/** A load balancer takes certificates of its own AWS region and account. */
function certificateProblems(field: string, draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const { certificateArn, awsRegion } = region;
  if (certificateArn === undefined) return [];
  const account = region.account === 'current' ? draft.globalAccount : region.account;
  const [, , , ofRegion, ofAccount] = certificateArn.split(':');
  const remedy = 'name one that ACM holds there, or leave it out and set clientTls to acm';
  if (awsRegion !== undefined && ofRegion !== awsRegion)
    return [{ field, value: certificateArn, limit: `a certificate of ${awsRegion}`, remedy }];
  if (account === undefined || account === 'current' || ofAccount === account) return [];
  return [{ field, value: certificateArn, limit: `a certificate of account ${account}`, remedy }];
}

function zoneProblems(draft: EnvironmentDraft, region: RegionDraft, facts: AwsRegion): EnvironmentProblem[] {
  const least = ZONES_MIN[draft.foundation ?? 'embedded'];
  if (region.zoneIds !== undefined) return listedZoneProblems(region.index, region.zoneIds, facts, least);
  if (draft.zones === undefined) return [];
  const field = `regions[${region.index}].awsRegion`;
  if (facts.zoneIds.length < draft.zones) {
    const limit = `an AWS region with the ${draft.zones} zones that \`zones\` asks for, ${facts.name} has ${facts.zoneIds.length}`;
    return [{ field, value: facts.name, limit, remedy: 'choose another AWS region, or list zoneIds of this region' }];
  }
  if (draft.zones >= least) return [];
  const limit = `at least ${least} with the ${draft.foundation ?? 'embedded'} foundation`;
  return region.index === 0 ? [{ field: 'zones', value: draft.zones, limit, remedy: `raise it to ${least}` }] : [];
}

function listedZoneProblems(index: number, zoneIds: readonly string[], facts: AwsRegion, least: number): EnvironmentProblem[] {
  const field = `regions[${index}].zoneIds`;
  const problems: EnvironmentProblem[] = [];
  const unknown = zoneIds.filter((zone) => !facts.zoneIds.includes(zone));
  if (unknown.length > 0) {
    problems.push({ field, value: unknown, limit: `zones of ${facts.name}`, remedy: `it has ${facts.zoneIds.join(', ')}` });
  }
  if (new Set(zoneIds).size < zoneIds.length) {
    problems.push({ field, value: zoneIds, limit: 'different zones', remedy: 'list each once' });
  }
  if (zoneIds.length < least || zoneIds.length > ZONES_MAX) {
    problems.push({ field, value: zoneIds, limit: `${least} to ${ZONES_MAX} zones`, remedy: `choose among ${facts.zoneIds.join(', ')}` });
  }
  return problems;
}
