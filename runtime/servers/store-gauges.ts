import { hitPercent } from '../measure/hit-percent.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** What a core tells of the store that it has open. */
export function storeGauges(store: InboxStore, telemetry: Telemetry): void {
  telemetry.gauge(
    'iris_store_percent',
    'Fill of what may wait in the inboxes and outboxes of this core',
    () => 100 * store.usage.waitingShare,
  );
  if (!Number.isNaN(store.usage.behindShare))
    telemetry.gauge(
      'iris_rows_behind_percent',
      'Fill of what the rows of an engine may lack before commits wait',
      () => 100 * store.usage.behindShare,
    );
  telemetry.gauge(
    'iris_store_cache_percent',
    'Blocks of the log that were in memory, of those looked for since the last reading; on engines pages, marks and records',
    hitPercent(() => store.usage.cache),
  );
}
