import { createTcpTransport } from '../adapters/transport-tcp.ts';
import { createTlsServerTransport } from '../adapters/transport-tls.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { ServerTransport } from '../ports/transport.ts';
import { acceptFailures } from './accept-failures.ts';

const DAY_MS = 86_400_000;

/** What clients speak: TLS 1.3 where the config has a certificate, else plain TCP. @throws IrisError CONFIG_INVALID */
export function clientTransportOf(
  { client: { tls } }: EdgeConfig,
  { telemetry, clock }: { telemetry: Telemetry; clock: Clock },
): ServerTransport {
  const acceptFailed = acceptFailures(telemetry, clock);
  if (tls === undefined) return createTcpTransport({ acceptFailed });
  const failures = telemetry.counter('iris_tls_handshakes_failed_total', 'Clients that did not get through the TLS handshake');
  let expiresMs = Number.NaN;
  telemetry.gauge('iris_certificate_days', 'Days until clients refuse the TLS certificate', () => (expiresMs - clock.nowMs()) / DAY_MS);
  return createTlsServerTransport({
    certificate: tls,
    allowsPlain: tls.allowsPlain,
    acceptFailed,
    handshakeFailed() {
      failures.value++;
    },
    certified(certificate) {
      expiresMs = certificate.expiresMs;
      telemetry.log.info('certificate-taken', { expires: new Date(expiresMs).toISOString() });
    },
    certificateRefused: (reason) => telemetry.log.error('certificate-refused', { reason }),
  });
}
