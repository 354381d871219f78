/** A live test that broke a law fails at once; one that missed a bound on time alone gets a second try. */
import { failedFiles } from '../build/second-tries.ts';

const TRACE = '\n    at Object.<anonymous> (test/live/kills.test.ts:1:19)\n    at a law (node:internal)';
const TIME = `Error: what it tells is known: not within 10000 ms${TRACE}`;
const TIMEOUT = `Error: thrown: "Exceeded timeout of 500 ms for a test.\nAdd a timeout value to this test"${TRACE}`;

const file = (...failures: string[]) => ({
  name: 'test/live/kills.test.ts',
  status: 'failed',
  assertionResults: [
    { status: 'passed', failureMessages: [] },
    ...failures.map((message) => ({ status: 'failed', failureMessages: [message] })),
  ],
});

it.each([
  ['a wait', [TIME], true],
  ['a test that never ended, and a wait', [TIMEOUT, TIME], true],
  ['a wait beside an expectation', [TIME, `Error: expect(received).toBe(expected)${TRACE}`], false],
  ['a broken law', [`Error: L2: 3 lost of 400${TRACE}`], false],
  ['a wait for what was lost', [`Error: 2 lost; they arrive: not within 10000 ms${TRACE}`], false],
  ['a file that did not start', [], false],
])('%s', (_, failures, isByTime) => {
  const report = { testResults: [file(...failures), { name: 'other', status: 'passed', assertionResults: [] }] };
  expect(failedFiles(report)).toEqual([{ path: 'test/live/kills.test.ts', failed: failures.length, isByTime }]);
});
