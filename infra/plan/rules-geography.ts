import { nearestName } from '../../environments/nearest-name.ts';
import { GEOLOCATION_RECORDS_MAX } from '../facts/aws-limits.ts';
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
  const servedBy = new Map<string, { index: number; name: string; isWeighted: boolean }>();
  const weights = new Map<string, number[]>();
  for (const { index, serves, code } of draft.regions) {
    for (const place of serves?.[kind] ?? []) {
      const field = `regions[${index}].serves.${kind}`;
      const other = servedBy.get(place);
      if (!known.includes(place)) problems.push({ field, value: place, ...unknownPlace(kind, place, known) });
      else if (other?.index === index) problems.push({ field, value: place, limit: 'listed once', remedy: 'drop one of the two' });
      else if (other !== undefined && (serves?.weight === undefined || !other.isWeighted)) {
        const remedy = 'drop it in one of them, or give each of them serves.weight';
        problems.push({ field, value: place, limit: `served by one region, ${other.name} has it`, remedy });
      }
      weights.set(place, [...(weights.get(place) ?? []), serves?.weight ?? 1]);
      servedBy.set(place, { index, name: code ?? `regions[${index}]`, isWeighted: serves?.weight !== undefined });
    }
  }
  return [...problems, ...[...weights].flatMap(([place, those]) => unweightedProblems(kind, place, those))];
}

/** Route 53 would send clients to all of them alike, and Cloudflare to nobody. */
function unweightedProblems(kind: string, place: string, weights: readonly number[]): EnvironmentProblem[] {
  if (weights.length < 2 || weights.some((weight) => weight > 0)) return [];
  const limit = `above 0 in one of the ${weights.length} regions that serve ${kind} ${place}`;
  return [{ field: 'regions[].serves.weight', value: weights, limit, remedy: 'raise it where the clients are to go' }];
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
