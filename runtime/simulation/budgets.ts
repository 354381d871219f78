/** How much is simulated where nothing else is asked for. */
export interface SimulationBudget {
  readonly seeds: number;
  /** Virtual hours of traffic and faults for each seed. */
  readonly hours: number;
}

/** `ci`: part of `npm test`, under a minute of one core. `nightly`: `npm run simulate:nightly`, some hours of one core. */
export const BUDGETS = {
  ci: { seeds: 8, hours: 0.2 },
  nightly: { seeds: 1_000, hours: 2 },
} as const satisfies Readonly<Record<string, SimulationBudget>>;
