/** Cloudflare’s 13 steering regions by continent; there is none for Antarctica. Taken 2026-11 from its load-balancing reference. */
const STEERING_REGIONS: Readonly<Record<string, readonly string[]>> = {
  AF: ['NAF', 'SAF'],
  AN: [],
  AS: ['ME', 'NEAS', 'SAS', 'SEAS'],
  EU: ['EEU', 'WEU'],
  NA: ['ENAM', 'WNAM'],
  OC: ['OC'],
  SA: ['NSAM', 'SSAM'],
};

/** The steering regions of a continent; none for an unknown one. */
export function steeringRegionsOf(continent: string): readonly string[] {
  return STEERING_REGIONS[continent] ?? [];
}
