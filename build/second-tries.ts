/**
 * Which live test files get a second try. Bounds on time are those of a machine that a test has for itself; when another process takes the CPU, a good
 * server misses one. So a file that failed by time alone is run again, and told; a broken law or expectation never is.
 */

/** What jest writes with `--json`, as far as it is read here. */
export interface JestReport {
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

const PASSED_TIME = /: not within [\d.,]+ m?s\b|\bthrown: "Exceeded timeout of \d+ ms/;
/** In whatever failed with it, time is not what was judged. */
const JUDGED = /\b(laws?|lost|doubled|inverted|seed)\b/i;

export interface FailedFile {
  readonly path: string;
  /** How many tests. */
  readonly failed: number;
  /** A bound on time is all that they missed. */
  readonly isByTime: boolean;
}

export function failedFiles({ testResults }: JestReport): FailedFile[] {
  return testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name, assertionResults }) => {
      const failures = assertionResults.filter(({ status }) => status === 'failed').map(({ failureMessages }) => failureMessages);
      // A file that could not start has no failed test.
      const isBy = failures.length > 0 && failures.every((messages) => messages.length > 0 && messages.every(isByTime));
      return { path: name, failed: failures.length, isByTime: isBy };
    });
}

function isByTime(message: string): boolean {
  // Below the first lines stands where it was thrown.
  const said = message.split('\n    at ', 1)[0] as string;
  return PASSED_TIME.test(said) && !JUDGED.test(said);
}
