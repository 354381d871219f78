import type { Holding } from './append-order.ts';
import type { UserFetcher } from './user-fetcher.ts';

/** What a core’s log asks of moves; the fetcher is made after the log. */
export function holdingBy(fetcher: () => UserFetcher): Holding {
  return {
    isPending: (name) => fetcher().isPending(name) || fetcher().isPassedOver(name),
    isHeir: (name) => fetcher().isHeir(name),
    hasHeirs: () => fetcher().hasHeirs,
  };
}
