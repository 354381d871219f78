export interface BrokerSettings {
  readonly id: number;
  readonly directory: string;
  readonly ports: BrokerPorts;
  /** Of every broker, `id@host:port`. */
  readonly voters: readonly string[];
  readonly copies: number;
  readonly security: BrokerSecurity;
}

export interface BrokerPorts {
  readonly plain: number;
  readonly secure: number;
  readonly controller: number;
}

/** What the secure port asks of clients; with neither there is none. */
export interface BrokerSecurity {
  /** PEM file with the key, then the certificate that clients are shown. */
  readonly keyPath?: string;
  /** SCRAM-SHA-512. */
  readonly user?: { readonly username: string; readonly password: string };
}

const HOST = '127.0.0.1';

/** Small in every respect; each broker is a controller too. */
export function brokerProperties({ id, directory, ports, voters, copies, security }: BrokerSettings): string {
  const secure = protocolOf(security);
  const listeners = [`PLAIN://${HOST}:${ports.plain}`, ...(secure === undefined ? [] : [`SECURE://${HOST}:${ports.secure}`])];
  const inSync = Math.max(1, copies - 1);
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters.join(',')}`,
    `listeners=${listeners.join(',')},CONTROLLER://${HOST}:${ports.controller}`,
    `advertised.listeners=${listeners.join(',')}`,
    `listener.security.protocol.map=PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT${secure === undefined ? '' : `,SECURE:${secure}`}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAIN',
    ...secureLines(security),
    `log.dirs=${directory}/logs`,
    'auto.create.topics.enable=false',
    'num.partitions=1',
    `default.replication.factor=${copies}`,
    `min.insync.replicas=${inSync}`,
    'offsets.topic.num.partitions=1',
    `offsets.topic.replication.factor=${copies}`,
    'transaction.state.log.num.partitions=1',
    `transaction.state.log.replication.factor=${copies}`,
    `transaction.state.log.min.isr=${inSync}`,
    'message.max.bytes=2097152',
    'replica.fetch.max.bytes=2097152',
    // The defaults want more memory and threads than a small heap has.
    'log.cleaner.threads=1',
    'log.cleaner.dedupe.buffer.size=8388608',
    'num.network.threads=2',
    'num.io.threads=4',
    // A broker that was killed waits out its own old session when it starts again.
    'broker.heartbeat.interval.ms=500',
    'broker.session.timeout.ms=3000',
    '',
  ].join('\n');
}

export const LOG4J = `Configuration:
  status: error
  Appenders: { Console: { name: out, PatternLayout: { pattern: "%d %p %c{1} %m%n" } } }
  Loggers:
    Root: { level: INFO, AppenderRef: { ref: out } }
    Logger:
      - { name: org.apache.kafka.storage.internals.log, level: WARN }
      - { name: org.apache.kafka.common.config.AbstractConfig, level: WARN }
      - { name: state.change.logger, level: WARN }
`;

function protocolOf({ keyPath, user }: BrokerSecurity): string | undefined {
  if (keyPath === undefined) return user === undefined ? undefined : 'SASL_PLAINTEXT';
  return user === undefined ? 'SSL' : 'SASL_SSL';
}

function secureLines({ keyPath, user }: BrokerSecurity): string[] {
  const tls = [`ssl.keystore.type=PEM`, `ssl.keystore.location=${keyPath}`];
  const login = [
    'listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512',
    'listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
  ];
  return [...(keyPath === undefined ? [] : tls), ...(user === undefined ? [] : login)];
}
