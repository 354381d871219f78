/** Milliseconds in which a second signal is taken for an echo: a Ctrl-C in a terminal comes from the terminal and again from npm. */
const ECHO_MS = 1_000;
/** What a shell reports for a process that SIGINT ended. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * Aborts on the first Ctrl-C, SIGTERM or SIGHUP, and when the launcher that opened our channel is gone; a later signal ends the
 * process at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let firstAtMs = 0;
  const interrupt = (): void => {
    const nowMs = performance.now();
    if (!controller.signal.aborted) {
      firstAtMs = nowMs;
      controller.abort();
    } else if (nowMs - firstAtMs > ECHO_MS) {
      process.exit(INTERRUPTED_EXIT_CODE);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  if (process.channel !== undefined) {
    process.on('disconnect', interrupt);
    process.channel.unref();
  }
  return controller.signal;
}
