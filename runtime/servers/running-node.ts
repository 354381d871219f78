import type { IrisError } from '../contract/errors.ts';

/** A started node, as its process sees it. */
export interface RunningNode {
  /** Where it listens, by listener name. */
  readonly listen: Readonly<Record<string, string>>;
  /** True for a core that waits for another to end. @default false */
  readonly isStandby?: boolean;
  /** Resolves to its epoch when a standby has taken over. @default never */
  readonly tookOver?: Promise<number>;
  /** Resolves when the node can serve no more: its process has to end, without a drain. @default never */
  readonly failed?: Promise<IrisError>;
  /** Says goodbye to clients, finishes what was taken in, closes. Resolves within the config’s drainTimeoutMs. */
  drain(): Promise<void>;
}
