import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import type { CqlSettings } from '../../runtime/contract/cql-settings.ts';

/**
 * A process of its own: `node one-cql-session.ts <settings as JSON>` opens a session, says `open`, and closes it at the worst moment: when the
 * store was away, and the driver has just begun anew with a node that is back. Then it has to end by itself.
 */
const session = await CqlSession.connect({ settings: JSON.parse(process.argv[2] as string) as CqlSettings, clock });
session['client'].once('hostAdd', () => {
  void session.close().then(() => process.stdout.write('closed\n'));
});
process.stdout.write('open\n');
