import type { Benchmark } from '../benchmark.ts';
import { cqlFigures } from '../engines/cql.ts';
import { kafkaFigures } from '../engines/kafka.ts';
import { redisFigures } from '../engines/redis.ts';

export const benchmark: Benchmark = {
  name: 'engines',
  summary: 'The adapters of the engines beside their bare drivers, each on a server of its own: CPU of this process per message and login',
  flags: [
    { name: 'milliseconds', meaning: 'length of a round', fallback: 500 },
    { name: 'rounds', meaning: 'rounds of each client and shape, in the order ABBA', fallback: 16 },
  ],
  async run(flag, io) {
    const [rounds, milliseconds] = [flag('rounds'), flag('milliseconds')];
    const figures = [
      ...(await redisFigures(rounds, milliseconds, io)),
      ...(await kafkaFigures(rounds, milliseconds, io)),
      ...(await cqlFigures(rounds, milliseconds, io)),
    ];
    return {
      scenario: 'engines',
      figures,
      remarks: [
        'the ratio is the median of those of neighbouring rounds; each side works for five rounds before the first',
        'one Redis that keeps nothing for good; the same script with the same values on both sides, nobody watches',
        'one Kafka broker, acks=all, idempotent on both sides; it does not flush to the disk before it answers, so its class is D1',
        'one Cassandra node, LOCAL_QUORUM, on its disk before it answers; the same rows to the same table on both sides',
      ],
    };
  },
};
