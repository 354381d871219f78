import { type Environment, type EnvironmentConfig, environmentSchema } from '../../environments/environment.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { draftOf, type EnvironmentDraft } from './environment-draft.ts';
import { type EnvironmentProblem, problemLine } from './environment-problem.ts';
import { accountRules } from './rules-accounts.ts';
import { engineRules } from './rules-engines.ts';
import { fleetRules } from './rules-fleets.ts';
import { geographyRules } from './rules-geography.ts';
import { memoryRules } from './rules-memory.ts';
import { namingRules } from './rules-naming.ts';
import { networkRules } from './rules-network.ts';
import { placeRules } from './rules-places.ts';
import { routingRules } from './rules-routing.ts';
import { sizeRules } from './rules-size.ts';
import { trafficRules } from './rules-traffic.ts';
import { shapeProblems } from './shape-problems.ts';

/** One rule: what a draft breaks of it. */
type Rule = (draft: EnvironmentDraft) => EnvironmentProblem[];

const RULES: readonly Rule[] = [
  namingRules,
  placeRules,
  accountRules,
  networkRules,
  ofStaying(sizeRules),
  fleetRules,
  memoryRules,
  engineRules,
  trafficRules,
  ofStaying(geographyRules),
  ofStaying(routingRules),
  stayingRules,
];

/** A rule about what serves users: regions that leave are none of it. */
function ofStaying(rule: Rule): Rule {
  return (draft) => rule({ ...draft, regions: draft.regions.filter(({ leaves }) => leaves !== true) });
}

function stayingRules({ regions }: EnvironmentDraft): EnvironmentProblem[] {
  if (regions.length === 0 || regions.some(({ leaves }) => leaves !== true)) return [];
  const remedy = 'add the region that takes over first';
  return [{ field: 'regions[].leaves', value: true, limit: 'false in one region at least, or nobody serves', remedy }];
}

/**
 * Every problem of an environment at once, before anything is written (L12); empty when it is good. Takes anything, since a file may
 * hold anything.
 */
export function checkEnvironment(document: unknown): EnvironmentProblem[] {
  const draft = draftOf(document);
  return [...shapeProblems(document), ...RULES.flatMap((rule) => rule(draft))];
}

/** Problems that are told one by one; of a list that is wrong throughout, the rest would only be more of the same. */
const PROBLEMS_TOLD_MAX = 100;

/**
 * The environment with its defaults filled in.
 * @throws IrisError ENVIRONMENT_INVALID with every problem, numbered, one per line; of more than PROBLEMS_TOLD_MAX, these and how many more.
 */
export function resolveEnvironment(document: Environment): EnvironmentConfig {
  const problems = checkEnvironment(document);
  if (problems.length > 0) {
    const told = problems.slice(0, PROBLEMS_TOLD_MAX).map((problem, index) => `  ${index + 1}. ${problemLine(problem)}`);
    const rest = problems.length - told.length;
    const lines = rest > 0 ? [...told, `  and ${rest} more`] : told;
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    throw new IrisError('ENVIRONMENT_INVALID', `environment ${nameOf(document)} has ${count}:\n${lines.join('\n')}`);
  }
  return environmentSchema.parse(document);
}

function nameOf(document: unknown): string {
  const name: unknown = typeof document === 'object' && document !== null ? Reflect.get(document, 'name') : undefined;
  return typeof name === 'string' ? name : 'without a name';
}
