import { z } from 'zod';
import { hostList } from './host-list.ts';

const broker = z.string().regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, 'must be host or host:port; the port defaults to 9092');

/** How a node logs in. */
const login = z.discriminatedUnion('kind', [
  /** SCRAM-SHA-512; the file holds `{ "username": …, "password": … }` as JSON. */
  z.strictObject({ kind: z.literal('scram'), credentialsPath: z.string().min(1) }),
  /** MSK’s IAM, with the credentials of the machine’s role. Wants `tls`. */
  z.strictObject({ kind: z.literal('iam'), awsRegion: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region') }),
]);

/** @param brokers any of them: the rest are learned from them. Three survive two that are down when a node starts. */
function settingsWith<Brokers extends z.ZodType>(brokers: Brokers) {
  return z
    .strictObject({
      brokers,
      /** Copies of each log, of which all but one must have an entry before it is acknowledged. 1 only for a broker of one’s own machine. */
      replicas: z.int().min(1).max(9).default(3),
      tls: z.boolean().default(false),
      /** PEM of who signs the brokers’ certificates. Default: those Node trusts. */
      caPath: z.string().min(1).optional(),
      login: login.optional(),
    })
    .refine(({ tls, caPath }) => tls || caPath === undefined, { path: ['caPath'], message: 'needs tls: true' })
    .refine(({ tls, login: kind }) => tls || kind?.kind !== 'iam', { path: ['login'], message: 'iam needs tls: true' });
}

/** Where a Kafka cluster is and how it is talked to. */
export const kafkaSettings = settingsWith(z.array(broker).min(1).max(64));
/** The same in a node’s config, where a variable may name the brokers. */
export const kafkaConfig = settingsWith(hostList(broker));

export type KafkaSettings = z.output<typeof kafkaSettings>;
