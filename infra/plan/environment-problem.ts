/** One thing wrong with an environment: which field, what it holds, what it may hold, and what to do. */
export interface EnvironmentProblem {
  /** `regions[1].cidr` */
  readonly field: string;
  readonly value: unknown;
  /** Completes “must be …”. */
  readonly limit: string;
  readonly remedy: string;
}

/** `regions[1].cidr: got "10.0.0.0/8", must be …; …` */
export function problemLine({ field, value, limit, remedy }: EnvironmentProblem): string {
  return `${field}: got ${shown(value)}, must be ${limit}; ${remedy}`;
}

const SHOWN_CHARACTERS_MAX = 120;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? `a ${typeof value}`;
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
