/** How much is simulated where nothing else is asked for. */
export interface SimulationBudget {
  readonly seeds: number;
  /** Virtual hours of traffic and faults for each seed. */
  readonly hours: number;
  /** Virtual seconds between two changes of some inbox’s buckets, on average. */
  readonly promoteEverySeconds: number;
}

/**
 * `ci`: part of `npm test`, under a minute of one core. `nightly`: `npm run simulate:nightly -- --progress <folder>`, 400 virtual hours, two to three of one core: the first
 * eleven took 228 s of it. Many short worlds find more than few long ones; half an hour holds the longest cut and an order that is given up.
 */
export const BUDGETS = {
  ci: { seeds: 8, hours: 0.2, promoteEverySeconds: 30 },
  nightly: { seeds: 800, hours: 0.5, promoteEverySeconds: 10 },
} as const satisfies Readonly<Record<string, SimulationBudget>>;
