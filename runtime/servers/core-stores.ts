import { systemClock } from '../adapters/clock-system.ts';
import { systemDisk } from '../adapters/disk-system.ts';
import { openLogStore } from '../adapters/inbox-store-log.ts';
import { storeOwnership } from '../adapters/store-ownership.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { StoreConfig } from '../contract/store-config.ts';
import type { InboxStore, StoreBounds } from '../ports/inbox-store.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { StoreHearer } from './leased-core.ts';

/** Where a core keeps what it acknowledges, and agrees with others of its group on who serves it. */
export interface CoreStores {
  ownership(lost: (reason: string) => void): Ownership;
  /** Takes the lease over: it is released when the store is closed, or cannot be opened. */
  open(lease: Lease, hearer: StoreHearer): Promise<InboxStore>;
  /** The folder of a store on this machine. */
  readonly directory: string | undefined;
  /** After the store. */
  close(): Promise<void>;
}

/** @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
export async function openCoreStores(config: CoreConfig, telemetry: Telemetry): Promise<CoreStores> {
  const { store } = config;
  if (store.kind === 'distributed') {
    // Who keeps everything on its own disk loads no driver.
    const { EngineStores } = await import('./engine-stores.ts');
    return await EngineStores.open({ config, store, bounds: boundsOf(store), telemetry });
  }
  const { directory } = store;
  return {
    ownership: (lost) => storeOwnership(directory, { disk: systemDisk, clock: systemClock, holder: config.node, lost }),
    open: (lease, hearer) => openLogStore(directory, { lease, bounds: boundsOf(store), ...hearer }),
    directory,
    close: async () => undefined,
  };
}

/** As its config says. */
export function boundsOf(store: StoreConfig): StoreBounds {
  return {
    inbox: { envelopesMax: store.inboxEnvelopesMax, bytesMax: store.inboxBytesMax },
    outbox: { envelopesMax: store.outboxEnvelopesMax, bytesMax: store.outboxBytesMax },
  };
}
