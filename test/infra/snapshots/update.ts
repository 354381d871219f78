/** Writes the snapshots of all presets: `npm run snapshots`. Review the difference that git shows before committing it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { presets } from '../../../environments/presets.ts';
import { createAwsApp } from '../../../infra/apps/aws-app.ts';
import { synthesize } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { fixturePackage } from '../apps/fixture-package.ts';
import { deployedStacks } from '../laws/deployed-stacks.ts';
import { statefulIds } from '../laws/stateful-resources.ts';
import { addStatefulIds, commit } from './committed.ts';
import { SNAPSHOT_FOLDER, type Snapshot, snapshotOf } from './preset-snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-snapshots-'));
const snapshots: Snapshot[] = [];
for (const [name, environment] of presets) {
  const app = createAwsApp({ outDir: join(folder, name), validate: false });
  const assembly = await synthesize(app, { plan: createPlan(environment), nodePackage: fixturePackage(folder) });
  snapshots.push(snapshotOf(name, assembly));
  addStatefulIds(name, statefulIds(deployedStacks(assembly)));
}
commit(snapshots);
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`snapshots of ${[...presets.keys()].join(', ')} are in ${SNAPSHOT_FOLDER}\n`);
