import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { type CommandCost, runCommand } from '../command-run.ts';
import type { Figure } from '../report.ts';

const ENVIRONMENT = 'planet';

export const benchmark: Benchmark = {
  name: 'synth',
  summary: `CPU, wall and memory of iris synth ${ENVIRONMENT} as its own process, without and with validation`,
  flags: [{ name: 'rounds', meaning: 'runs of each kind', fallback: 3 }],
  async run(flag, io) {
    const folder = mkdtempSync(join(io.stateRoot, 'iris-synth-'));
    try {
      const out = join(folder, 'cdk.out');
      const synth = async (...flags: string[]) => {
        rmSync(out, { recursive: true, force: true });
        const cost = await runCommand(['synth', ENVIRONMENT, '--out', out, ...flags], { cwd: folder });
        io.note(
          `synth ${flags.join(' ')}: ${cost.cpuSeconds.toFixed(1)} s CPU, ${cost.wallSeconds.toFixed(1)} s, ${cost.peakMb.toFixed(0)} MB`,
        );
        return cost;
      };
      io.note('warming the caches');
      await synth('--no-validation');
      const plain: CommandCost[] = [];
      const validated: CommandCost[] = [];
      for (let round = 0; round < flag('rounds'); round++) {
        plain.push(await synth('--no-validation'));
        validated.push(await synth());
      }
      return {
        scenario: 'synth',
        figures: [...figuresOf('validation off', plain, { cpu: '≤ 6', memory: '≤ 350' }), ...figuresOf('validation on', validated, {})],
        remarks: [
          `${countOf(out, '.template.json')} templates, ${megabytesOf(out).toFixed(1)} MB of JSON; node package and compile cache warm, not pinned to a CPU`,
        ],
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function figuresOf(kind: string, costs: readonly CommandCost[], goals: { cpu?: string; memory?: string }): Figure[] {
  const figure = (what: string, unit: string, values: number[], goal?: string): Figure => ({
    what: `${kind}: ${what}`,
    unit,
    values,
    ...(goal === undefined ? {} : { goal }),
    voidReasons: [],
  });
  return [
    figure(
      'CPU',
      's',
      costs.map(({ cpuSeconds }) => cpuSeconds),
      goals.cpu,
    ),
    figure(
      'wall',
      's',
      costs.map(({ wallSeconds }) => wallSeconds),
    ),
    figure(
      'largest resident set',
      'MB',
      costs.map(({ peakMb }) => peakMb),
      goals.memory,
    ),
  ];
}

function countOf(folder: string, ending: string): number {
  return readdirSync(folder).filter((name) => name.endsWith(ending)).length;
}

function megabytesOf(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 2 ** 20;
}
