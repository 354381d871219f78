/**
 * Seeds that once broke a law. A failing seed is added to simulated-seeds.json as `iris simulate` prints it, with the law it broke and what
 * was wrong. Later changes give a seed another history, so a seed holds what it found only as long as nothing before it changes; what it
 * taught has a test of its own beside the code.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { fleetShape } from '../../infra/local/fleet-shape.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { FAULTS, type Fault } from '../../runtime/simulation/fault-injector.ts';
import { simulate } from '../../runtime/simulation/simulate.ts';

interface FailedSeed {
  readonly environment: string;
  readonly seed: number;
  readonly hours: number;
  readonly store: 'log' | 'memory' | 'engines';
  /** All of them when absent. */
  readonly faults?: readonly Fault[];
  /** @default that of the simulation */
  readonly promoteEverySeconds?: number;
  readonly law: string;
  readonly was: string;
}

const seeds = JSON.parse(readFileSync(join(__dirname, 'simulated-seeds.json'), 'utf8')) as FailedSeed[];

it.each(seeds.map((one) => [one.seed, one.law, one.was, one] as const))(
  'seed %i broke %s: %s',
  async (_seed, _law, _was, { environment, seed, hours, store, faults = FAULTS, promoteEverySeconds }) => {
    const { regions } = fleetShape(createPlan(await loadEnvironment(environment, process.cwd())), { isShrunk: false });
    const times = promoteEverySeconds === undefined ? {} : { promoteEverySeconds };
    expect((await simulate({ regions, seed, hours, store, faults, ...times })).broken).toEqual([]);
  },
  300_000,
);
