import { nearestName } from '../../environments/nearest-name.ts';
import { BROKERS_MAX, DIRECTORY_NODES_MAX } from '../facts/aws-limits.ts';
import { AWS_REGIONS } from '../facts/aws-regions.ts';
import { alternativesIn, findInstanceType, instanceTypeNames, isOffered } from '../facts/instance-types.ts';
import type { EnvironmentDraft, RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import type { InstanceTypes } from './plan.ts';
import { instanceTypesOf, zonesOf } from './region-plan.ts';

type Fleet = keyof InstanceTypes;

const NODES: readonly Fleet[] = ['edge', 'core'];
/** Fleets that only the distributed foundation has. */
const ENGINES: readonly Fleet[] = ['bus', 'store', 'directory'];

/** Instance types must be known, offered where they are wanted, and fit for their fleet; stated counts must spread evenly. */
export function fleetRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  return [
    ...unknownTypeProblems(draft),
    ...draft.regions.flatMap((region) => [...offerProblems(draft, region), ...countProblems(draft, region)]),
  ];
}

function fleetsOf(draft: EnvironmentDraft): readonly Fleet[] {
  return draft.foundation === 'distributed' ? [...NODES, ...ENGINES] : NODES;
}

/** Types that no fact is known of, and types that cannot do the fleet’s work; told where they are written. */
function unknownTypeProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  const written = [
    { at: 'instanceTypes', types: draft.instanceTypes },
    ...draft.regions.map((region) => ({ at: `regions[${region.index}].instanceTypes`, types: region.instanceTypes })),
  ];
  return written.flatMap(({ at, types }) =>
    [...NODES, ...ENGINES].flatMap((fleet) => {
      const value = types?.[fleet];
      return value === undefined ? [] : typeProblems(`${at}.${fleet}`, fleet, value);
    }),
  );
}

function typeProblems(field: string, fleet: Fleet, value: string): EnvironmentProblem[] {
  const type = findInstanceType(value);
  if (type === undefined) {
    const nearest = nearestName(value, instanceTypeNames());
    const remedy = nearest === undefined ? `use one such as ${instanceTypeNames().slice(0, 3).join(', ')}` : `did you mean ${nearest}`;
    return [{ field, value, limit: 'an instance type that Iris has facts about', remedy }];
  }
  if (NODES.includes(fleet) && type.architecture !== 'arm64') {
    return [{ field, value, limit: 'a Graviton type, the runtime package carries Node for arm64', remedy: 'use c7g, c8g or c6g' }];
  }
  if (fleet === 'store' && type.nvmeGibibytes === 0) {
    return [{ field, value, limit: 'a type with local NVMe, ScyllaDB keeps its data there', remedy: 'use i8g or i4i' }];
  }
  return [];
}

function offerProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const { awsRegion, instanceTypes } = region;
  if (awsRegion === undefined || !AWS_REGIONS.has(awsRegion) || draft.instanceTypes === undefined || instanceTypes === undefined) return [];
  const types = instanceTypesOf({ instanceTypes: draft.instanceTypes }, { instanceTypes });
  return fleetsOf(draft).flatMap((fleet) => {
    const type = findInstanceType(types[fleet]);
    if (type === undefined || isOffered(type.family, awsRegion)) return [];
    const others = alternativesIn(type.family, awsRegion);
    const remedy =
      others.length === 0 ? 'choose another AWS region' : `set it for this region to ${others.join(' or ')}, or choose another AWS region`;
    const limit = `a type that ${awsRegion} offers, ${type.family} is absent there`;
    return [{ field: `regions[${region.index}].instanceTypes.${fleet}`, value: types[fleet], limit, remedy }];
  });
}

function countProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  const at = `regions[${region.index}]`;
  const stated = { brokers: region.brokers, storeNodes: region.storeNodes, directoryNodes: region.directoryNodes };
  if (draft.foundation === 'embedded') {
    for (const [name, value] of Object.entries(stated)) {
      if (value === undefined) continue;
      problems.push({
        field: `${at}.${name}`,
        value,
        limit: 'absent with the embedded foundation',
        remedy: 'drop it, or set foundation to distributed',
      });
    }
    return problems;
  }
  const zones =
    region.awsRegion === undefined || draft.zones === undefined
      ? 0
      : zonesOf({ zones: draft.zones }, { awsRegion: region.awsRegion, zoneIds: region.zoneIds }).length;
  for (const name of ['brokers', 'storeNodes'] as const) {
    const value = stated[name];
    if (value === undefined || zones === 0 || value % zones === 0) continue;
    problems.push({
      field: `${at}.${name}`,
      value,
      limit: `a multiple of the ${zones} zones`,
      remedy: `raise it to ${Math.ceil(value / zones) * zones}`,
    });
  }
  if (stated.brokers !== undefined && stated.brokers > BROKERS_MAX) {
    problems.push({
      field: `${at}.brokers`,
      value: stated.brokers,
      limit: `${BROKERS_MAX} at most, of one MSK cluster`,
      remedy: 'take larger brokers, or split the region',
    });
  }
  const directory = stated.directoryNodes;
  if (directory !== undefined && (directory % 2 === 1 || directory < 6 || directory > DIRECTORY_NODES_MAX)) {
    const limit = `even and 6 to ${DIRECTORY_NODES_MAX}, three primaries at least and a replica for each`;
    problems.push({
      field: `${at}.directoryNodes`,
      value: directory,
      limit,
      remedy: `set it to ${Math.max(6, directory + (directory % 2))}`,
    });
  }
  return problems;
}
