import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { OpenStore } from './inbox-store-model.ts';

const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
/** Commits after which the process dies, from round to round. */
const COMMITS = [7, 251, 400, 123, 560] as const;

/** Kills a process that commits to an adapter, again and again, and looks at what it left (L1, F5, B7). `kind` is for commit-forever.ts. */
export function describeInboxStoreKillNine(name: string, kind: string, open: OpenStore): void {
  it(`${name} loses no committed batch to kill -9, synced or not, and shows each batch whole or not at all`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'iris-store-'));
    for (const commits of COMMITS) {
      const committed = await commitUntilKilled(kind, directory, commits);
      const store = await open(directory);
      const [alice = [], bob] = await Promise.all(
        ['alice', 'bob'].map(async (user) => (await store.readInbox(Buffer.from(user), 0, 0, ALL)).map((entry) => entry.position)),
      );
      const [mark] = await store.readMarks(['row']);
      await store.close();
      const last = alice.at(-1) as number;
      expect(last).toBeGreaterThanOrEqual(committed);
      expect(alice).toEqual(Array.from({ length: Math.min(100, last) }, (_, i) => i + 1 + Math.max(0, last - 100)));
      expect(bob).toEqual(alice);
      expect(mark?.high).toBe(last);
    }
    rmSync(directory, { recursive: true });
  }, 60_000);
}

/** Resolves to the last number whose commit the process has told before it died. */
async function commitUntilKilled(kind: string, directory: string, commits: number): Promise<number> {
  const child = spawn(process.execPath, [resolve(__dirname, 'commit-forever.ts'), kind, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  let told = '';
  for await (const chunk of child.stdout) {
    told += String(chunk);
    if (told.split('\n').length > commits) child.kill('SIGKILL');
  }
  await exited;
  return Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
}
