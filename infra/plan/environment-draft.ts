import { type EnvironmentConfig, environmentSchema, REGIONS_MAX } from '../../environments/environment.ts';
import { type RegionConfig, regionSchema } from '../../environments/region.ts';

/**
 * What can be read of an environment that may be wrong: a field that its schema refuses is missing here, the others have their
 * defaults. Rules work on drafts, so that one wrong field does not hide another (issue 3: every problem at once).
 */
export type EnvironmentDraft = Partial<Omit<EnvironmentConfig, 'regions'>> & { readonly regions: readonly RegionDraft[] };
/** `index` is the region’s place in the file, for the names of its fields; `written` are the fields it has, readable or not. */
export type RegionDraft = Partial<RegionConfig> & { readonly index: number; readonly written: readonly string[] };

export function draftOf(document: unknown): EnvironmentDraft {
  const fields = readFields(environmentSchema.shape, document);
  const written: unknown = isRecord(document) ? document['regions'] : undefined;
  // What is beyond the limit is refused by the schema; rules that compare regions would take minutes with it.
  const regions: readonly unknown[] = Array.isArray(written) ? written.slice(0, REGIONS_MAX) : [];
  return { ...fields, regions: regions.flatMap((region, index) => (isRecord(region) ? [regionDraftOf(region, index)] : [])) };
}

/** A draft’s fields as one object when all of them could be read. */
export function complete<T extends object, K extends keyof T>(draft: T, fields: readonly K[]): Required<Pick<T, K>> | undefined {
  return fields.every((field) => draft[field] !== undefined) ? (draft as Required<Pick<T, K>>) : undefined;
}

function regionDraftOf(region: Readonly<Record<string, unknown>>, index: number): RegionDraft {
  return { ...readFields(regionSchema.shape, region), index, written: Object.keys(region) };
}

interface FieldSchema {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown };
}

function readFields(shape: Readonly<Record<string, FieldSchema>>, document: unknown): Record<string, unknown> {
  if (!isRecord(document)) return {};
  const read = Object.entries(shape).map(([name, schema]) => [name, schema.safeParse(document[name]).data]);
  return Object.fromEntries(read);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
