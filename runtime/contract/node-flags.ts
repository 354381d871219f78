/**
 * Flags of a node's process. Buffers of sockets and of the log live outside V8's heap: counted by its default rule, every 64 MB of them
 * start a full collection of a heap of a dozen megabytes, which took 44 % of an edge's CPU and 23 % of a core's. Counted with the heap,
 * under an old space that begins at 256 MB, the young generation's collections free them.
 */
export const NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=32',
  '--external-memory-accounted-in-global-limit',
  '--initial-old-space-size=256',
];

/** The flags for an executable with this version of V8: none where it may not know them, since an unknown flag keeps it from starting. */
export function nodeFlags(v8Version: string): readonly string[] {
  return v8Version.startsWith('13.') ? NODE_FLAGS : [];
}
