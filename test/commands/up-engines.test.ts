/** What `iris up --engine` refuses before it starts anything (X1). test/live/engines.test.ts runs it on real servers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineChoice } from '../../bin/fleet-engines.ts';
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

it('an --access file names files that are there, known fields, and engines that are named (A14)', () => {
  const folder = temporaryFolder();
  const choice = (document: unknown, flags: object = {}) => {
    writeFileSync(join(folder, 'access.json'), typeof document === 'string' ? document : JSON.stringify(document));
    return engineChoice({ engine: 'distributed', access: 'access.json', ...flags }, folder);
  };
  const [credentials, ca] = ['login.json', 'ca.pem'].map((name) => join(folder, name)) as [string, string];
  for (const file of [credentials, ca]) writeFileSync(file, 'hunter2');
  const kafka = '127.0.0.1:9093';
  const access = { kafka: { credentials: 'login.json', ca: './ca.pem' }, redis: { tls: true } };
  expect(choice(access, { kafka, redis: kafka }).access).toEqual({
    kafka: { tls: true, caPath: ca, credentialsPath: credentials },
    redis: { tls: true },
  });
  expect(() => choice(access, { redis: kafka })).toThrow(/speaks of kafka, which is not named: add --kafka/);
  expect(() => choice({ kafka: { password: 'hunter2' } }, { kafka })).toThrow(/kafka Unrecognized key: "password"/);
  expect(() => choice({ kafka: { ca: 'ca.pem', tls: false } }, { kafka })).toThrow(/kafka.ca needs tls/);
  expect(() => choice({ kafka: { credentials: 'gone.json' } }, { kafka })).toThrow(/gone\.json, which --access names, cannot be read/);
  expect(() => choice({}, { access: 'none.json' })).toThrow(/--access .*none\.json cannot be read \(ENOENT\)/);
  expect(() => choice('{ "password": hunter2 }', { kafka })).toThrow(/access\.json is no JSON$/);
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
