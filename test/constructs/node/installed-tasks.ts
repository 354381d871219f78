import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOT_TASKS_FILE, bootTasks } from '../../../constructs/node/boot-tasks.ts';

/** Puts the boot tasks where a node has them whose package was unpacked. */
export function installTasks(root: string, { runtime }: { readonly runtime: { readonly sha256: string } }): void {
  const home = join(root, 'opt', 'iris', runtime.sha256);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, BOOT_TASKS_FILE), bootTasks());
}
