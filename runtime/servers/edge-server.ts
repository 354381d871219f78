import { trustingAuthenticator } from '../adapters/authenticator-none.ts';
import { createTokenAuthenticator } from '../adapters/authenticator-token.ts';
import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { systemHeapShare } from '../adapters/heap-share.ts';
import { measureMachine } from '../adapters/machine-use.ts';
import { systemOpenFilesMax } from '../adapters/open-files.ts';
import { createPinoTelemetry } from '../adapters/telemetry-pino.ts';
import { createTcpTransport } from '../adapters/transport-tcp.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import type { Authenticator } from '../ports/authenticator.ts';
import { startAdminServer } from './admin-server.ts';
import { clientTransportOf } from './client-transport.ts';
import { openEdge } from './edge-node.ts';
import { openKnownUsers } from './known-users.ts';
import type { RunningNode } from './running-node.ts';
import { openSlotMaps } from './slot-map-source.ts';
import { whoCommand } from './who-command.ts';

/**
 * Starts an edge on this machine: the clients’ side of a region, without state of its own.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, ADDRESS_IN_USE
 */
export async function startEdge(config: EdgeConfig): Promise<RunningNode> {
  const telemetry = createPinoTelemetry({ node: config.node, region: config.region, role: 'edge' });
  const { slots } = await openSlotMaps(config, telemetry);
  measureMachine({ telemetry, clock: systemClock });
  const authenticator = authenticatorOf(config);
  const { directory, rates } = await openKnownUsers(config, { clock: systemClock, random: systemRandom, telemetry });
  const edge = await openEdge(config, {
    slots,
    authenticator,
    transport: createTcpTransport(),
    clientTransport: clientTransportOf(config, { telemetry, clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    telemetry,
    directory,
    rates,
    heapShare: systemHeapShare,
    openFilesMax: systemOpenFilesMax(),
  });
  const admin = await startAdminServer(config.admin, {
    telemetry,
    commands: { who: whoCommand(directory) },
    pages: {},
    unreadyReason: () => edge.unreadyReason(),
  });
  return {
    listen: { client: edge.clientAddress, admin: admin.address },
    async drain() {
      slots.stop();
      await edge.drain();
      admin.close();
      telemetry.flush();
    },
  };
}

function authenticatorOf({ authentication }: EdgeConfig): Authenticator {
  switch (authentication.kind) {
    case 'none':
      return trustingAuthenticator;
    case 'token':
      return createTokenAuthenticator(authentication);
  }
}
