import type { SessionDirectory } from '../ports/session-directory.ts';
import { DirectoryWatches } from './directory-watches.ts';
import { SessionTable } from './session-table.ts';

/** What one edge knows by itself: its own sessions, and nothing of those of others. */
export function createProcessSessionDirectory({ node, region }: { readonly node: string; readonly region: string }): SessionDirectory {
  const table = new SessionTable((user) => watches.changed(user));
  const watches = new DirectoryWatches((user) => table.of(user) !== undefined);
  return {
    enter: (login, holder) => table.enter(login, holder),
    isHere: (user) => table.of(user) !== undefined,
    find: async (user) => {
      const login = table.of(user);
      return login === undefined ? undefined : { ...login, node, region };
    },
    watch: (user, hears) => watches.add(user, hears),
    close: async () => undefined,
  };
}
