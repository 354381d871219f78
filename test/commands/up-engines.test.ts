/** What `iris up --engine` refuses before it starts anything (X1). test/live/engines.test.ts runs it on real servers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkSameEngine } from '../../infra/local/local-engines.ts';
import { runIris, temporaryFolder } from './run-iris.ts';

it.each([
  [['--engine', 'paper'], /no engine is called 'paper'; there are embedded and distributed/],
  [['--kafka', '127.0.0.1:9092'], /--kafka is of --engine distributed/],
  [['--engine', 'distributed', '--kafka', '127.0.0.1'], /--kafka 127.0.0.1 must be host:port, several separated by commas/],
  [['--engine', 'distributed', '--cql', ','], /--cql , must be host:port/],
])('%s ends with 2 and what to write instead', async (flags, said) => {
  const { code, stderr } = await runIris(['up', 'proof', ...flags], { cwd: temporaryFolder() });
  expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
});

it('a state folder of one engine is refused for the other, with what to do', () => {
  const [embedded, distributed] = [temporaryFolder(), temporaryFolder()];
  mkdirSync(join(embedded, 'store'));
  checkSameEngine(embedded, 'embedded');
  expect(() => checkSameEngine(embedded, 'distributed')).toThrow(
    /holds a fleet of --engine embedded; start it so, or name another folder with --state/,
  );
  checkSameEngine(distributed, 'distributed');
  checkSameEngine(distributed, 'distributed');
  expect(() => checkSameEngine(distributed, 'embedded')).toThrow(/holds a fleet of --engine distributed/);
});
