import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import type { CqlSettings } from '../../runtime/contract/cql-settings.ts';

/**
 * A process of its own: `node one-cql-session.ts <settings as JSON>` opens a session, says `open`, and closes it at the worst moment: when the
 * store was away, and the driver has just begun anew with a node that is back. Where it went on with the node it knew, when its input ends. Then it has to
 * end by itself.
 */
const session = await CqlSession.connect({ settings: JSON.parse(process.argv[2] as string) as CqlSettings, clock });
let isClosing = false;
function close(): void {
  if (isClosing) return;
  isClosing = true;
  void session.close().then(() => process.stdout.write('closed\n'));
}
session['client'].once('hostAdd', close);
process.stdin.on('end', close).resume();
process.stdout.write('open\n');
