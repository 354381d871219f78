import { nearestName } from '../../environments/nearest-name.ts';
import { ENDPOINT_GROUPS_MAX, GEOLOCATION_RECORDS_MAX } from '../facts/aws-limits.ts';
import { CONTINENTS, COUNTRIES } from '../facts/geography.ts';
import type { EnvironmentDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';

/** Every client must have one region to go to: exactly one default, and no place served twice (G1). */
export function geographyRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local' || draft.regions.length === 0) return [];
  return [
    ...defaultProblems(draft),
    ...placeProblems(draft, 'continents', Object.keys(CONTINENTS)),
    ...placeProblems(draft, 'countries', [...COUNTRIES.keys()]),
    ...recordProblems(draft),
    ...anycastProblems(draft),
  ];
}

function defaultProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.regions.some(({ serves }) => serves === undefined)) return [];
  const defaults = draft.regions.filter(({ serves }) => serves?.default === true);
  if (defaults.length === 1) return [];
  const value = defaults.map(({ code, index }) => code ?? `regions[${index}]`);
  const remedy = value.length === 0 ? 'set serves.default to true in one region' : 'keep it in one of them';
  return [
    { field: 'regions[].serves.default', value, limit: 'true in exactly one region, or clients from elsewhere get no address', remedy },
  ];
}

function placeProblems(draft: EnvironmentDraft, kind: 'continents' | 'countries', known: readonly string[]): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  const servedBy = new Map<string, { name: string; isWeighted: boolean }>();
  for (const { index, serves, code } of draft.regions) {
    for (const place of serves?.[kind] ?? []) {
      const field = `regions[${index}].serves.${kind}`;
      const other = servedBy.get(place);
      if (!known.includes(place)) problems.push({ field, value: place, ...unknownPlace(kind, place, known) });
      else if (other !== undefined && (serves?.weight === undefined || !other.isWeighted)) {
        const remedy = 'drop it in one of them, or give each of them serves.weight';
        problems.push({ field, value: place, limit: `served by one region, ${other.name} has it`, remedy });
      }
      servedBy.set(place, { name: code ?? `regions[${index}]`, isWeighted: serves?.weight !== undefined });
    }
  }
  return problems;
}

function unknownPlace(kind: string, place: string, known: readonly string[]): Pick<EnvironmentProblem, 'limit' | 'remedy'> {
  if (kind === 'continents') return { limit: 'a continent code of Route 53', remedy: `use one of ${known.join(', ')}` };
  const upper = place.toUpperCase();
  const nearest = known.includes(upper) ? upper : nearestName(place, known);
  return { limit: 'a country code of ISO 3166, two capitals', remedy: nearest === undefined ? 'look it up' : `did you mean ${nearest}` };
}

function recordProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.geoRouting?.includes('route53') !== true) return [];
  const places = draft.regions.flatMap(({ serves }) => [...(serves?.continents ?? []), ...(serves?.countries ?? [])]);
  const records = new Set(places).size + 1;
  if (records <= GEOLOCATION_RECORDS_MAX) return [];
  const limit = `${GEOLOCATION_RECORDS_MAX} at most, the geolocation records of one name in Route 53`;
  return [{ field: 'regions[].serves', value: records, limit, remedy: 'serve continents instead of single countries' }];
}

/** An accelerator takes load balancers of its own account, and so many AWS regions. */
function anycastProblems({ geoRouting, anycastAddresses, regions }: EnvironmentDraft): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  if (geoRouting !== undefined && new Set(geoRouting).size < geoRouting.length)
    problems.push({ field: 'geoRouting', value: geoRouting, limit: 'a list without repetition', remedy: 'list each once' });
  if (geoRouting?.includes('anycast') !== true) {
    if (anycastAddresses === undefined || anycastAddresses.length === 0) return problems;
    const remedy = 'add anycast to geoRouting, or leave the addresses out';
    return [...problems, { field: 'anycastAddresses', value: anycastAddresses, limit: 'empty where anycast does not route', remedy }];
  }
  const groups = [...Map.groupBy(regions, ({ awsRegion }) => awsRegion).values()];
  if (groups.length > ENDPOINT_GROUPS_MAX)
    problems.push({
      field: 'geoRouting',
      value: groups.length,
      limit: `anycast over ${ENDPOINT_GROUPS_MAX} AWS regions at most`,
      remedy: 'route by route53 or cloudflare',
    });
  for (const { index, account, awsRegion } of regions.filter(({ account }) => account !== undefined && account !== 'current'))
    problems.push({
      field: `regions[${index}].account`,
      value: account,
      limit: `current where anycast routes: an accelerator takes load balancers of its own account only, not that of ${awsRegion ?? 'it'}`,
      remedy: 'route by route53 or cloudflare',
    });
  return problems;
}
