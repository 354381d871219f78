import { ENGINE_FAMILIES, type ManagedEngine, runsOn } from '../facts/engine-types.ts';
import { findInstanceType } from '../facts/instance-types.ts';
import type { EnvironmentDraft, RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { zonesOf } from './region-plan.ts';

/** Zones that Express brokers are spread over, no fewer and no more. */
const EXPRESS_ZONES = 3;

/** What MSK and ElastiCache would refuse, or keep another way than asked. */
export function engineRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  return [
    ...machineProblems(draft),
    ...expressProblems(draft),
    ...draft.regions.flatMap((region) => [...copyProblems(draft, region), ...replacedProblems(draft, region)]),
  ];
}

/** Told where the type is written; what EC2 itself does not have is told by the rules of fleets. */
function machineProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  const places = [
    { at: 'instanceTypes', types: draft.instanceTypes },
    ...draft.regions.map((region) => ({ at: `regions[${region.index}].instanceTypes`, types: region.instanceTypes })),
  ];
  const broker: ManagedEngine = draft.brokerKind === 'express' ? 'expressBroker' : 'standardBroker';
  return places.flatMap(({ at, types }) => [
    ...machineProblem(`${at}.bus`, types?.bus, { engine: broker, nodes: `${draft.brokerKind ?? 'standard'} brokers` }),
    ...machineProblem(`${at}.directory`, types?.directory, { engine: 'directory', nodes: 'Valkey nodes' }),
  ]);
}

function machineProblem(
  field: string,
  value: string | undefined,
  { engine, nodes }: { readonly engine: ManagedEngine; readonly nodes: string },
): EnvironmentProblem[] {
  if (value === undefined || findInstanceType(value) === undefined || runsOn(engine, value)) return [];
  const families = ENGINE_FAMILIES[engine].join(', ');
  return [{ field, value, limit: `of a family that ${nodes} come in, large or larger`, remedy: `use one of ${families}` }];
}

/** Each copy is on a node of its own; counts worked out from traffic are at least as many. */
function copyProblems({ foundation, traffic }: EnvironmentDraft, { index, storeNodes }: RegionDraft): EnvironmentProblem[] {
  if (foundation !== 'distributed' || traffic === undefined || storeNodes === undefined || storeNodes >= traffic.replicas) return [];
  const limit = `at least ${traffic.replicas}, a node for each copy`;
  return [{ field: `regions[${index}].storeNodes`, value: storeNodes, limit, remedy: 'state more nodes, or lower traffic.replicas' }];
}

/** A number beyond a stated count can be told; one beyond a count worked out from traffic makes no machine. */
function replacedProblems({ foundation }: EnvironmentDraft, { index, storeReplaced, storeNodes }: RegionDraft): EnvironmentProblem[] {
  const numbers = Object.keys(storeReplaced ?? {});
  const field = `regions[${index}].storeReplaced`;
  if (numbers.length > 0 && foundation === 'embedded') {
    const limit = 'absent with the embedded foundation';
    return [{ field, value: storeReplaced, limit, remedy: 'drop it, or set foundation to distributed' }];
  }
  return numbers
    .filter((number) => storeNodes !== undefined && Number(number) >= storeNodes)
    .map((number) => ({
      field,
      value: number,
      limit: `the number of a node, 0 to ${(storeNodes ?? 1) - 1}`,
      remedy: 'count the nodes from 0, as their host names do',
    }));
}

function expressProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.brokerKind !== 'express') return [];
  if (draft.foundation !== 'distributed') {
    const limit = 'absent with the embedded foundation';
    return [{ field: 'brokerKind', value: 'express', limit, remedy: 'drop it, or set foundation to distributed' }];
  }
  return draft.regions.flatMap((region) => expressZoneProblems(draft, region));
}

function expressZoneProblems({ zones }: EnvironmentDraft, { index, awsRegion, zoneIds }: RegionDraft): EnvironmentProblem[] {
  if (zones === undefined || awsRegion === undefined) return [];
  const count = zonesOf({ zones }, { awsRegion, zoneIds }).length;
  if (count === EXPRESS_ZONES || count === 0) return [];
  const field = zoneIds === undefined ? 'zones' : `regions[${index}].zoneIds`;
  if (zoneIds === undefined && index > 0) return [];
  return [
    {
      field,
      value: zoneIds ?? zones,
      limit: `${EXPRESS_ZONES} zones, with Express brokers`,
      remedy: 'name three, or set brokerKind to standard',
    },
  ];
}
