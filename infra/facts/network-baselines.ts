/**
 * What a machine may send, and as much receive, for ever; bursts above it end. Megabits a second by size, from the network tables of EC2’s
 * instance type pages (compute and memory optimized), 2026-11.
 */
export const NETWORK_BASELINES_TAKEN = { date: '2026-11', source: 'EC2 instance type pages, network specifications' } as const;

const SEVENTH_GENERATION: Readonly<Record<string, number>> = {
  medium: 520,
  large: 937,
  xlarge: 1_876,
  '2xlarge': 3_750,
  '4xlarge': 7_500,
  '8xlarge': 15_000,
  '12xlarge': 22_500,
  '16xlarge': 30_000,
};
const SIXTH_GENERATION: Readonly<Record<string, number>> = {
  medium: 500,
  large: 750,
  xlarge: 1_250,
  '2xlarge': 2_500,
  '4xlarge': 5_000,
  '8xlarge': 12_000,
  '12xlarge': 20_000,
  '16xlarge': 25_000,
};
const BURSTABLE: Readonly<Record<string, number>> = { small: 128, medium: 256, large: 512, xlarge: 1_024, '2xlarge': 2_048 };

const FAMILIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  c6g: SIXTH_GENERATION,
  c7g: SEVENTH_GENERATION,
  c8g: SEVENTH_GENERATION,
  m6g: SIXTH_GENERATION,
  m7g: SEVENTH_GENERATION,
  r6g: SIXTH_GENERATION,
  r7g: SEVENTH_GENERATION,
  t4g: BURSTABLE,
};

/** Undefined for a type that is not in the table. */
export function networkMegabits(instanceType: string): number | undefined {
  const [family = '', size = ''] = instanceType.split('.');
  return FAMILIES[family]?.[size];
}
