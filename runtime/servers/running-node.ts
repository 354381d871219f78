/** A started node, as its process sees it. */
export interface RunningNode {
  /** Where it listens, by listener name. */
  readonly listen: Readonly<Record<string, string>>;
  /** Says goodbye to clients, finishes what was taken in, closes. Resolves within the config’s drainTimeoutMs. */
  drain(): Promise<void>;
}
