import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { CommandIo } from './command.ts';

/** One listed step. `say` replaces what stands beside its title. */
export interface ProgressTask {
  readonly title: string;
  readonly run: (say: (text: string) => void) => Promise<void>;
}

/** Off a terminal each line is final, so news of one step come at most this often, in milliseconds. */
const PLAIN_NEWS_MS = 1_000;

/** The list only marks the step that failed: the reason is the one line that the CLI prints at its end. */
const UNTOLD = '';

/**
 * Runs the steps one after the other and lists them on stderr: redrawn on a terminal, one line per event elsewhere. The first that
 * throws ends the list, and its error is thrown on as it is.
 */
export async function runTasks(io: CommandIo, tasks: readonly ProgressTask[]): Promise<void> {
  const logger = new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(process.stderr, process.stderr) });
  let failure: unknown;
  const list = new Listr(
    tasks.map(({ title, run }) => ({
      title,
      task: async (_: unknown, task: { output: string }) => {
        const say = (text: string): void => {
          task.output = text;
        };
        try {
          await run(io.isInteractive ? say : atMostEvery(PLAIN_NEWS_MS, say));
        } catch (error) {
          failure = error;
          throw new Error(UNTOLD, { cause: error });
        }
      },
    })),
    {
      registerSignalListeners: false,
      renderer: io.isInteractive ? 'default' : 'simple',
      rendererOptions: { logger },
      fallbackRenderer: 'simple',
      fallbackRendererOptions: { logger },
    },
  );
  try {
    await list.run();
  } catch (error) {
    throw failure ?? error;
  }
}

function atMostEvery(pauseMs: number, say: (text: string) => void): (text: string) => void {
  let lastMs = performance.now();
  return (text) => {
    const nowMs = performance.now();
    if (nowMs - lastMs < pauseMs) return;
    lastMs = nowMs;
    say(text);
  };
}
