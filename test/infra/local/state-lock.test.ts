import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning } from '../../../infra/local/process-identity.ts';
import { lockState } from '../../../infra/local/state-lock.ts';
import { temporaryFolder } from './proof-layout.ts';

describe('the lock of a state folder', () => {
  it('refuses a second holder with STATE_IN_USE and the pid of the first', () => {
    const folder = temporaryFolder();
    lockState(folder);
    expect(() => lockState(folder)).toThrow(
      expect.objectContaining({ code: 'STATE_IN_USE', message: expect.stringContaining(`process ${process.pid} `) }),
    );
  });

  it('is free again after its release', () => {
    const folder = temporaryFolder();
    lockState(folder).release();
    expect(lockState(folder).wasTakenOver).toBe(false);
  });

  it('is taken over when its holder was killed', async () => {
    const folder = temporaryFolder();
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(holder, 'spawn');
    const identity = identityOf(holder.pid ?? 0);
    writeFileSync(join(folder, 'lock.json'), JSON.stringify(identity));
    try {
      expect(() => lockState(folder)).toThrow(`process ${holder.pid} runs a fleet`);
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    expect(isRunning(identity)).toBe(false);
    expect(lockState(folder).wasTakenOver).toBe(true);
  });

  it('is taken over when its file is torn, or its pid belongs to another process by now', () => {
    const [torn, reused] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(torn, 'lock.json'), '{"pid":');
    expect(lockState(torn).wasTakenOver).toBe(true);
    const other = existsSync('/proc/self/stat') ? { pid: process.pid, startTicks: '1' } : { pid: 2 ** 22, startTicks: null };
    writeFileSync(join(reused, 'lock.json'), JSON.stringify(other));
    expect(lockState(reused).wasTakenOver).toBe(true);
  });
});
