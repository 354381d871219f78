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
  const servedBy = new Map<string, string>();
  for (const { index, serves, code } of draft.regions) {
    for (const place of serves?.[kind] ?? []) {
      const field = `regions[${index}].serves.${kind}`;
      const other = servedBy.get(place);
      if (!known.includes(place)) problems.push({ field, value: place, ...unknownPlace(kind, place, known) });
      else if (other !== undefined) {
        problems.push({ field, value: place, limit: `served by one region, ${other} has it`, remedy: 'drop it in one of them' });
      }
      servedBy.set(place, code ?? `regions[${index}]`);
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
  if (draft.geoRouting !== 'route53') return [];
  const records = draft.regions.reduce((sum, { serves }) => sum + (serves?.continents.length ?? 0) + (serves?.countries.length ?? 0), 1);
  if (records <= GEOLOCATION_RECORDS_MAX) return [];
  const limit = `${GEOLOCATION_RECORDS_MAX} at most, the geolocation records of one name in Route 53`;
  return [{ field: 'regions[].serves', value: records, limit, remedy: 'serve continents instead of single countries' }];
}
