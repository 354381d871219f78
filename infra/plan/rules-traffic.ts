import { BROKER_VOLUME_GIBIBYTES_MAX, BROKERS_MAX, DIRECTORY_NODES_MAX, STORE_NODES_MAX } from '../facts/aws-limits.ts';
import { findInstanceType } from '../facts/instance-types.ts';
import { brokerVolume, type FleetNeed, planBus, planDirectory, storeNodes } from './distributed.ts';
import { complete, type EnvironmentDraft, type RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { instanceTypesOf, zonesOf } from './region-plan.ts';
import { isSizable, SIZING_FIELDS } from './rules-size.ts';
import { sizeRegion } from './sizing.ts';

const SPLIT = 'split the region';

/** Engines that traffic asks for must fit one cluster each, as stated ones must. */
export function trafficRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  return draft.regions.flatMap((region) => {
    const need = engineNeed(draft, region);
    return need === undefined ? [] : engineProblems(`regions[${region.index}]`, need);
  });
}

/** What a region’s engines are sized by; undefined for the embedded foundation, and where a field that counts is wrong itself. */
export function engineNeed(draft: EnvironmentDraft, region: RegionDraft): FleetNeed | undefined {
  const fields = complete(draft, [...SIZING_FIELDS, 'domain', 'traffic', 'instanceTypes', 'brokerKind', 'zones', 'foundation']);
  const own = complete(region, ['code', 'awsRegion', 'instanceTypes', 'storeReplaced']);
  if (fields?.foundation !== 'distributed' || own === undefined || !isSizable(region)) return undefined;
  const zones = zonesOf(fields, { ...own, zoneIds: region.zoneIds }).length;
  const instanceTypes = instanceTypesOf(fields, own);
  if (zones === 0 || Object.values(instanceTypes).some((type) => findInstanceType(type) === undefined)) return undefined;
  const { connections, dailyActiveUsers } = sizeRegion(fields, region);
  return {
    ...fields,
    code: own.code,
    connections,
    dailyActiveUsers,
    zones,
    instanceTypes,
    stated: { ...region, storeReplaced: own.storeReplaced },
  };
}

/** Stated counts have rules of their own, but for the store’s. */
function engineProblems(at: string, need: FleetNeed): EnvironmentProblem[] {
  const { brokers, kind, instanceType } = planBus(need);
  const volume = brokerVolume(need, brokers);
  const bus = need.stated.brokers === undefined && brokers > BROKERS_MAX;
  const nodes = storeNodes(need);
  const directory = planDirectory(need).nodes;
  return [
    ...(bus
      ? [
          tooMany(
            `${at}.brokers`,
            brokers,
            `${BROKERS_MAX} at most, of one MSK cluster`,
            `take a larger type than ${instanceType}, or ${SPLIT}`,
          ),
        ]
      : []),
    ...(kind === 'standard' && !bus && volume > BROKER_VOLUME_GIBIBYTES_MAX
      ? [
          tooMany(
            `${at}.brokers`,
            brokers,
            `enough for their logs: each would keep ${volume} GiB, and a volume takes ${BROKER_VOLUME_GIBIBYTES_MAX}`,
            `state more brokers, or ${SPLIT}`,
          ),
        ]
      : []),
    ...(nodes > STORE_NODES_MAX
      ? [
          tooMany(
            `${at}.storeNodes`,
            nodes,
            `${STORE_NODES_MAX} at most, of one stack`,
            `take a larger type than ${need.instanceTypes.store}, lower traffic.retentionDays, or ${SPLIT}`,
          ),
        ]
      : []),
    ...(need.stated.directoryNodes === undefined && directory > DIRECTORY_NODES_MAX
      ? [
          tooMany(
            `${at}.directoryNodes`,
            directory,
            `${DIRECTORY_NODES_MAX} at most, of one Valkey cluster`,
            `take a larger type than ${need.instanceTypes.directory}, or ${SPLIT}`,
          ),
        ]
      : []),
  ];
}

function tooMany(field: string, value: number, limit: string, remedy: string): EnvironmentProblem {
  return { field, value, limit, remedy };
}
