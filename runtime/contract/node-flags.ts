/**
 * Megabytes of each half of the young generation. It grows with what outlives a collection and is not given back: with 32, the rest of it was
 * 2 KB a connection after many logins. An edge, which keeps nothing between two bursts, works as fast with little; what a core holds until
 * a commit lives longer: with 8, a message to an offline user cost an eighth more CPU there.
 */
const YOUNG_MEGABYTES = { edge: 4, core: 16 } as const;

/**
 * Flags of a node's process. Buffers of sockets and of the log live outside V8's heap: counted by its default rule, every 64 MB of them
 * start a full collection of a heap of a dozen megabytes, which took 44 % of an edge's CPU and 23 % of a core's. Counted with the heap,
 * under an old space that begins at 256 MB, the young generation's collections free them.
 */
export function flagsOf(role: 'edge' | 'core'): readonly string[] {
  return [`--max-semi-space-size=${YOUNG_MEGABYTES[role]}`, '--external-memory-accounted-in-global-limit', '--initial-old-space-size=256'];
}

/**
 * Environment of a node’s process. glibc gives V8’s worker threads allocation arenas of their own, each of which keeps what compiling and
 * collecting once took: a tenth of a node’s memory. In one arena the next one who needs it gets it. Another C library passes over the name.
 */
export const NODE_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const;

/** The flags for an executable with this version of V8: none where it may not know them, since an unknown flag keeps it from starting. */
export function nodeFlags(role: 'edge' | 'core', v8Version: string): readonly string[] {
  return v8Version.startsWith('13.') ? flagsOf(role) : [];
}
