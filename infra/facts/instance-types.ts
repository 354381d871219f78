/**
 * The instance families that Iris can run on, and where they are missing. Taken in November 2026 from rule E3628 of
 * cloudformation-validate 1.14 (34 commercial regions) and moto’s DescribeInstanceTypeOfferings dump; they agree where both speak.
 * me-west-1 is in neither, so every family counts as unknown there.
 */
export const INSTANCE_TYPES_TAKEN = {
  date: '2026-11',
  source: 'cloudformation-validate 1.14.0 E3628; moto instance type offerings',
} as const;

export interface InstanceFamily {
  readonly architecture: 'arm64' | 'x86_64';
  /** Gibibytes of memory per virtual CPU. */
  readonly gibibytesPerCpu: number;
  /** Gibibytes of local NVMe per virtual CPU; 0 without. */
  readonly nvmeGibibytesPerCpu: number;
  readonly sizes: readonly string[];
  /** Virtual CPUs and gibibytes of sizes that are not in line with the others. */
  readonly odd?: Readonly<Record<string, { readonly cpus: number; readonly memoryGibibytes: number }>>;
  readonly missingIn: readonly string[];
  /** Where set, every other AWS region lacks the family. */
  readonly onlyIn?: readonly string[];
}

export interface InstanceType {
  readonly name: string;
  readonly family: string;
  readonly architecture: 'arm64' | 'x86_64';
  readonly cpus: number;
  readonly memoryGibibytes: number;
  readonly nvmeGibibytes: number;
}

/** AWS regions in neither source. */
export const UNKNOWN_OFFERINGS = ['me-west-1'] as const;

const CPUS: Readonly<Record<string, number>> = {
  small: 1,
  medium: 1,
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '3xlarge': 12,
  '4xlarge': 16,
  '8xlarge': 32,
  '12xlarge': 48,
  '16xlarge': 64,
};
const GRAVITON = ['medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'];
const STORAGE = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'];
const C7GN_ONLY_IN = ['ap-northeast-1', 'eu-west-1', 'eu-west-2', 'us-east-1', 'us-east-2', 'us-west-2'];
/** The newer of the two sources; the older one misses eu-west-3 and ap-southeast-3 too, so they count as missing. */
const I8G_MISSING = (
  'af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ' +
  'ca-west-1 eu-central-2 eu-south-1 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 us-west-1'
).split(' ');

export const INSTANCE_FAMILIES: Readonly<Record<string, InstanceFamily>> = {
  c6g: arm(2, GRAVITON, []),
  c7g: arm(2, GRAVITON, ['ap-southeast-4', 'me-central-1']),
  c7gn: { ...arm(2, GRAVITON, []), onlyIn: C7GN_ONLY_IN },
  c8g: arm(2, GRAVITON, ['me-central-1', 'me-south-1', 'mx-central-1']),
  t4g: {
    ...arm(4, ['small', 'medium', 'large', 'xlarge', '2xlarge'], ['me-central-1']),
    odd: { small: { cpus: 2, memoryGibibytes: 2 }, medium: { cpus: 2, memoryGibibytes: 4 } },
  },
  m7g: arm(4, GRAVITON, ['ca-west-1', 'eu-south-1']),
  r7g: arm(8, GRAVITON, []),
  r6g: arm(8, GRAVITON, []),
  m5: intel(4, ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'], []),
  i4i: { ...intel(8, STORAGE, []), nvmeGibibytesPerCpu: 218 },
  i8g: { ...arm(8, STORAGE, I8G_MISSING), nvmeGibibytesPerCpu: 218 },
  i7ie: {
    ...intel(
      8,
      ['large', 'xlarge', '2xlarge', '3xlarge', '12xlarge'],
      ['ap-east-2', 'ap-northeast-3', 'ap-southeast-6', 'il-central-1', 'me-central-1', 'me-south-1'],
    ),
    nvmeGibibytesPerCpu: 582,
  },
};

/** Every name that `findInstanceType` knows. */
export function instanceTypeNames(): string[] {
  return Object.entries(INSTANCE_FAMILIES).flatMap(([family, facts]) => facts.sizes.map((size) => `${family}.${size}`));
}

export function findInstanceType(name: string): InstanceType | undefined {
  const [family = '', size = ''] = name.split('.');
  const facts = Object.hasOwn(INSTANCE_FAMILIES, family) ? INSTANCE_FAMILIES[family] : undefined;
  const odd = facts?.odd?.[size];
  const cpus = odd?.cpus ?? CPUS[size];
  if (facts === undefined || cpus === undefined || !facts.sizes.includes(size)) return undefined;
  return {
    name,
    family,
    architecture: facts.architecture,
    cpus,
    memoryGibibytes: odd?.memoryGibibytes ?? cpus * facts.gibibytesPerCpu,
    nvmeGibibytes: cpus * facts.nvmeGibibytesPerCpu,
  };
}

/** False where the family is missing, and where nothing is known about the AWS region’s offerings. */
export function isOffered(family: string, awsRegion: string): boolean {
  if (UNKNOWN_OFFERINGS.some((unknown) => unknown === awsRegion)) return false;
  const facts = Object.hasOwn(INSTANCE_FAMILIES, family) ? INSTANCE_FAMILIES[family] : undefined;
  if (facts === undefined || facts.missingIn.includes(awsRegion)) return false;
  return facts.onlyIn === undefined || facts.onlyIn.includes(awsRegion);
}

/** Families of the same architecture and use that the AWS region does have, for the remedy of a refusal. */
export function alternativesIn(family: string, awsRegion: string): string[] {
  const wanted = INSTANCE_FAMILIES[family];
  if (wanted === undefined) return [];
  const isAlternative = ([name, facts]: [string, InstanceFamily]) =>
    isOffered(name, awsRegion) &&
    facts.nvmeGibibytesPerCpu > 0 === wanted.nvmeGibibytesPerCpu > 0 &&
    (wanted.nvmeGibibytesPerCpu > 0 || facts.gibibytesPerCpu === wanted.gibibytesPerCpu);
  return Object.entries(INSTANCE_FAMILIES)
    .filter(isAlternative)
    .map(([name]) => name);
}

function arm(gibibytesPerCpu: number, sizes: readonly string[], missingIn: readonly string[]): InstanceFamily {
  return { architecture: 'arm64', gibibytesPerCpu, nvmeGibibytesPerCpu: 0, sizes, missingIn };
}

function intel(gibibytesPerCpu: number, sizes: readonly string[], missingIn: readonly string[]): InstanceFamily {
  return { architecture: 'x86_64', gibibytesPerCpu, nvmeGibibytesPerCpu: 0, sizes, missingIn };
}
