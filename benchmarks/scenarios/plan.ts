import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { type CommandCost, runCommand } from '../command-run.ts';
import type { Figure } from '../report.ts';

const ENVIRONMENT = 'planet';

export const benchmark: Benchmark = {
  name: 'plan',
  summary: `wall time of iris plan ${ENVIRONMENT}, from the start of the process to its end, with a cold and a warm compile cache`,
  flags: [{ name: 'rounds', meaning: 'runs of each kind', fallback: 10 }],
  async run(flag, io) {
    const folder = mkdtempSync(join(io.stateRoot, 'iris-plan-'));
    try {
      const cold: CommandCost[] = [];
      const warm: CommandCost[] = [];
      for (let round = 0; round < flag('rounds'); round++) {
        const plan = () =>
          runCommand(['plan', ENVIRONMENT], { cwd: folder, variables: [`NODE_COMPILE_CACHE=${join(folder, `cache-${round}`)}`] });
        cold.push(await plan());
        warm.push(await plan());
      }
      const figure = (what: string, costs: readonly CommandCost[]): Figure => ({
        what,
        unit: 's wall',
        goal: '≤ 0.3',
        values: costs.map(({ wallSeconds }) => wallSeconds),
        details: { 'CPU s': costs.at(-1)!.cpuSeconds, 'largest resident set MB': Math.round(costs.at(-1)!.peakMb) },
        voidReasons: [],
      });
      return {
        scenario: 'plan',
        figures: [figure('compile cache cold', cold), figure('compile cache warm', warm)],
        remarks: ['not pinned to a CPU; the first run of a release on a machine is cold, every other one warm'],
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
