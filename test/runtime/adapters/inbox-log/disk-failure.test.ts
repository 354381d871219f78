/** F3, F5, L1: a disk that fails, not one that is full: nothing is acknowledged any more, and the node is told to end. */
import { closeSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import { envelopeOf } from '../../../fakes/envelopes.ts';

const directory = mkdtempSync(join(tmpdir(), 'iris-disk-failure-'));
const user = Buffer.from('bob');

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The system takes the log's file from the process, as it does with a device that went away. */
function loseLogFile(): void {
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(directory, 'log'))) closeSync(Number(fd));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

it('refuses every commit after the disk has failed and says so once; what was committed before is there when it is opened again', async () => {
  const reasons: string[] = [];
  const store = await openLogStore(directory, { broken: (reason) => void reasons.push(reason) });
  const append = async (position: number) => {
    const batch = store.batch();
    batch.appendInbox(user, 0, position, envelopeOf({ sequence: position, bodies: [`m${position}`] }));
    await store.commit(batch, { sync: true });
  };
  await append(1);
  loseLogFile();
  await expect(append(2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(append(3)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(reasons).toEqual([expect.stringMatching(/nothing more is written until the node is started again/)]);
  await store.close().catch((error: unknown) => expect(error).toBeDefined());

  const again = await openLogStore(directory);
  const page = await again.readInbox(user, 0, 0, { envelopesMax: 10, bytesMax: 1_000_000 });
  expect(page.map(({ position }) => position)).toEqual([1]);
  await again.close();
});
