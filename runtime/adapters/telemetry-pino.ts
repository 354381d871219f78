import { pino } from 'pino';
import type { Log, Telemetry } from '../ports/telemetry.ts';

export interface CollectedTelemetry extends Telemetry {
  /** Prometheus’ text format. */
  render(): string;
  /** Writes out what the log still holds. */
  flush(): void;
}

interface Metric {
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  read(): number;
}

/** JSON lines on stderr and metrics by name, labelled with the node. Log writes are gathered, so a burst of lines is one system call. */
export function createPinoTelemetry(labels: Readonly<Record<string, string>>): CollectedTelemetry {
  const destination = pino.destination({ dest: 2, sync: false });
  const logger = pino({ base: labels, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const metrics = new Map<string, Metric>();
  const counters = new Map<string, { value: number }>();
  const log: Log = {
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  };
  const labelText = Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');
  return {
    log,
    counter(name, help) {
      const known = counters.get(name);
      if (known !== undefined) return known;
      const counter = { value: 0 };
      counters.set(name, counter);
      metrics.set(name, { help, type: 'counter', read: () => counter.value });
      return counter;
    },
    gauge(name, help, read) {
      metrics.set(name, { help, type: 'gauge', read });
    },
    render() {
      const lines = [...metrics].flatMap(([name, metric]) => [
        `# HELP ${name} ${metric.help}`,
        `# TYPE ${name} ${metric.type}`,
        `${name}{${labelText}} ${metric.read()}`,
      ]);
      return `${lines.join('\n')}\n`;
    },
    flush() {
      destination.flushSync();
    },
  };
}
