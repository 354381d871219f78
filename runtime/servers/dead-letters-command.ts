import { errorLine, IrisError } from '../contract/errors.ts';
import type { AdminCommand } from './admin-commands.ts';
import type { CoreNode } from './core-node.ts';

/**
 * `{"retry": [<position>, …]}` sends dead letters of this core to their recipients once more, `{"discard": [<position>, …]}` gives them up; positions
 * as `GET /dead-letters` lists them. Answers `{done, left: [{position, reason}]}`: those that are left stay as they were.
 * @throws IrisError COMMAND_INVALID, SHARD_UNAVAILABLE on a standby
 */
export function deadLettersCommand(core: () => CoreNode | undefined): AdminCommand {
  return async (input) => {
    const { name, positions } = checked(input);
    const owner = core();
    if (owner === undefined) throw new IrisError('SHARD_UNAVAILABLE', 'this core is a standby; ask the owner');
    const left: { position: number; reason: string }[] = [];
    for (const position of positions) {
      const letter = owner.deadLetters.find((one) => one.position === position);
      if (letter === undefined) left.push({ position, reason: 'no dead letter of this core has this position' });
      else await owner.returnedLetters[name](letter).catch((error: unknown) => left.push({ position, reason: errorLine(error) }));
    }
    return { done: positions.length - left.length, left };
  };
}

function checked(input: unknown): { name: 'retry' | 'discard'; positions: readonly number[] } {
  const [[name, positions] = [], ...others] = Object.entries((input ?? {}) as object) as [string, unknown][];
  const isList = Array.isArray(positions) && positions.every((position) => Number.isSafeInteger(position));
  if ((name === 'retry' || name === 'discard') && isList && others.length === 0) return { name, positions };
  throw new IrisError('COMMAND_INVALID', 'the input must be {"retry": [<position>, …]} or {"discard": [<position>, …]}');
}
