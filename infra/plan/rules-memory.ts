import { findInstanceType, INSTANCE_FAMILIES, type InstanceType } from '../facts/instance-types.ts';
import { EDGE_BASE_BYTES, EDGE_CONNECTION_BYTES } from '../facts/measured-needs.ts';
import type { EnvironmentDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { instanceTypesOf } from './region-plan.ts';

const GIBIBYTE = 2 ** 30;
/** Percent of an edge’s memory that its plan may fill: above it the alarm `edge-memory-over` is on all day. */
const MEMORY_PERCENT_MAX = 95;

/** An edge holds the connections that it is planned with, as measured; one problem for each type that is too small. */
export function memoryRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  const { connectionsPerEdge: value, instanceTypes } = draft;
  if (draft.runsIn === 'local' || value === undefined || instanceTypes === undefined) return [];
  const names = draft.regions.flatMap((region) =>
    region.instanceTypes === undefined ? [] : [instanceTypesOf({ instanceTypes }, { instanceTypes: region.instanceTypes }).edge],
  );
  return [...new Set(names)].flatMap((name) => {
    const type = findInstanceType(name);
    if (type === undefined || value <= connectionsOf(type)) return [];
    const most = connectionsOf(type);
    const limit = `${most} at most, what ${MEMORY_PERCENT_MAX} % of ${type.memoryGibibytes} GiB of a ${name} holds: ${EDGE_CONNECTION_BYTES} bytes a connection, measured, and ${EDGE_BASE_BYTES / 1e6} MB for system and process`;
    const larger = sizesOf(type).find((size) => value <= connectionsOf(size));
    const remedy = larger === undefined ? `lower it to ${most}` : `lower it, or set the type of these edges to ${larger.name}`;
    return [{ field: 'connectionsPerEdge', value, limit, remedy }];
  });
}

function connectionsOf({ memoryGibibytes }: InstanceType): number {
  const bytes = (memoryGibibytes * GIBIBYTE * MEMORY_PERCENT_MAX) / 100 - EDGE_BASE_BYTES;
  return Math.max(0, Math.floor(bytes / EDGE_CONNECTION_BYTES));
}

/** Of one family, smallest first. */
function sizesOf({ family }: InstanceType): InstanceType[] {
  const sizes = INSTANCE_FAMILIES[family]?.sizes ?? [];
  return sizes.flatMap((size) => findInstanceType(`${family}.${size}`) ?? []);
}
