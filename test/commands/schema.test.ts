/** `iris schema` as a user types it; what it does with a store is in test/live/cql-store. */
import { runIris } from './run-iris.ts';

it('refuses what it cannot do in one line, before it asks anyone', async () => {
  const [bare, both, surplus] = await Promise.all([
    runIris(['schema', 'proof']),
    runIris(['schema', 'proof', '--cql', '127.0.0.1:1', '--check', '--print']),
    runIris(['schema', '--cql', '127.0.0.1:1']),
  ]);
  expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('iris schema needs --cql host[,host]')]);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('checks or prints, not both')]);
  expect([surplus.code, surplus.stderr]).toEqual([2, expect.stringContaining('takes one environment')]);
});

it('says what is missing where a login file is', async () => {
  const { code, stderr } = await runIris(['schema', 'proof', '--cql', '127.0.0.1:1', '--credentials', '/nowhere/login.json']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^iris: ENGINE_INVALID: credentials file \/nowhere\/login\.json cannot be read/),
  ]);
});
