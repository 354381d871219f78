/** Of which engine a state folder is, while its stores are moved from one to the other and after it (L1). */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSameEngine } from '../../../infra/local/local-engines.ts';
import {
  beginMigration,
  checkMigratedTo,
  endMigration,
  MIGRATED_FOLDER,
  noteGroup,
  readMigration,
} from '../../../infra/local/migration-file.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'iris-migration-'));
  mkdirSync(join(state, 'store', 'tokyo-g0'), { recursive: true });
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

it('goes on with the migration that was begun, and remembers how far each group has come', () => {
  const begun = beginMigration(state, {});
  noteGroup(state, noteGroup(state, begun, 'tokyo-g0', 'begun'), 'lima-g0', 'begun');
  const again = beginMigration(state, {});
  expect(again).toEqual({ ...begun, groups: { 'tokyo-g0': 'begun', 'lima-g0': 'begun' } });
  expect(noteGroup(state, again, 'tokyo-g0', 'done').groups).toEqual({ 'tokyo-g0': 'done', 'lima-g0': 'begun' });
});

it('belongs to no engine while it is half migrated, and to the one it had when that is given up', () => {
  beginMigration(state, {});
  mkdirSync(join(state, 'engines'));
  for (const engine of ['embedded', 'distributed'] as const) {
    expect(() => checkSameEngine(state, engine)).toThrow(
      /half migrated; finish with iris migrate, or remove .*migration\.json to stay embedded/,
    );
  }
  rmSync(join(state, 'migration.json'));
  checkSameEngine(state, 'embedded');
  expect(() => checkSameEngine(state, 'distributed')).toThrow(/holds a fleet of --engine embedded/);
});

it('is of the distributed engine in the end, keeps what it had, and is not migrated again', () => {
  beginMigration(state, {});
  endMigration(state);
  expect([readMigration(state), existsSync(join(state, MIGRATED_FOLDER, 'tokyo-g0'))]).toEqual([undefined, true]);
  checkSameEngine(state, 'distributed');
  expect(() => checkSameEngine(state, 'embedded')).toThrow(/holds a fleet of --engine distributed/);
  expect(() => beginMigration(state, {})).toThrow(/is of --engine distributed already/);
});

it('is done by the next run when the last one ended between its two last steps', () => {
  const begun = beginMigration(state, {});
  endMigration(state);
  writeFileSync(join(state, 'migration.json'), JSON.stringify(begun));
  expect(beginMigration(state, {})).toEqual(begun);
  endMigration(state);
  checkSameEngine(state, 'distributed');
});

it('says what to do about a file that is none, and stores of an earlier migration', () => {
  writeFileSync(join(state, 'migration.json'), '{');
  expect(() => beginMigration(state, {})).toThrow(/migration\.json does not describe a migration/);
  rmSync(join(state, 'migration.json'));
  mkdirSync(join(state, MIGRATED_FOLDER));
  expect(() => beginMigration(state, {})).toThrow(/store-before-migration is of an earlier migration; move it away/);
});

it('goes on with the servers that it began with, or one of them, and with no others unless it is forced to', () => {
  const named = { kafka: ['127.0.0.1:9092', '127.0.0.2:9092'], cql: ['127.0.0.1:9042'] };
  const begun = noteGroup(state, beginMigration(state, named), 'tokyo-g0', 'begun');
  expect(beginMigration(state, { ...named, kafka: ['127.0.0.2:9092'] })).toEqual(begun);
  const refused =
    /was migrated, at least in part, to Kafka at 127.0.0.1:9092,127.0.0.2:9092 and CQL at 127.0.0.1:9042, and not to .*--force/;
  const others = [{}, { ...named, cql: ['127.0.0.9:9042'] }, { kafka: named.kafka }];
  for (const other of others) expect(() => beginMigration(state, other)).toThrow(refused);
  endMigration(state);
  checkMigratedTo(state, named);
  checkMigratedTo(state, { ...named, kafka: ['127.0.0.2:9092'] });
  for (const other of others)
    expect(() => checkMigratedTo(state, other)).toThrow(
      /was migrated to Kafka at .*, and not to .*; name those, or start without .* --force/,
    );
  // Its stores are put back: what was accepted since is there, and nowhere else.
  renameSync(join(state, MIGRATED_FOLDER), join(state, 'store'));
  for (const other of others) expect(() => beginMigration(state, other)).toThrow(refused);
  expect(beginMigration(state, {}, true)).toMatchObject({ groups: {}, target: {} });
  expect(readMigration(state)?.id).not.toBe(begun.id);
});
