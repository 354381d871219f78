import { IrisError } from '../../contract/errors.ts';
import { LOG_RETRY_MS } from '../../contract/limits.ts';
import { keepsSetting, logTopicSettings } from '../../contract/log-topic.ts';
import { withDeadline } from './deadline.ts';
import type { KafkaDriver } from './kafka-driver.ts';
import { hasApiError, isUnknownTopic, kafkaError } from './kafka-error.ts';
import type { TopicPlace } from './log-producer.ts';

type Admin = import('@platformatic/kafka').Admin;

/** What Kafka calls a topic among what has settings. */
const TOPIC_RESOURCE = 2;

export interface TopicWish {
  readonly place: TopicPlace;
  readonly replicas: number;
}

/**
 * Makes a log’s topic where there is none, and holds an existing one against what a log needs. Never changes one: its operator knows why it is as it is.
 * @throws IrisError ENGINE_INVALID with topic, setting, value and the one wanted; ENGINE_UNAVAILABLE after `place.timeoutMs`.
 */
export async function ensureTopic({ driver, options }: KafkaDriver, wish: TopicWish): Promise<void> {
  const admin = new driver.Admin({ ...options, retries: 0 });
  const { place } = wish;
  const { clock, timeoutMs: ms } = place;
  const state: { failure?: unknown; isOver: boolean } = { isOver: false };
  const late = (): IrisError => kafkaError(state.failure ?? new Error(`no answer within ${ms} ms`), place);
  try {
    await withDeadline(tryUntilThere(admin, wish, state), { clock, ms, late });
  } finally {
    state.isOver = true;
    // It has done its work or failed; how it ends changes nothing.
    await admin.close().catch(() => undefined);
  }
}

async function tryUntilThere(admin: Admin, wish: TopicWish, state: { failure?: unknown; isOver: boolean }): Promise<void> {
  while (!state.isOver) {
    try {
      if (await isThere(admin, wish)) return await checkSettings(admin, wish);
      await createTopic(admin, wish);
    } catch (error) {
      state.failure = error;
      const told = kafkaError(error, wish.place);
      if (told.code === 'ENGINE_INVALID') throw told;
    }
    await new Promise<void>((resolve) => void wish.place.clock.after(LOG_RETRY_MS, resolve));
  }
}

/** Known to the cluster, with a leader. */
async function isThere(admin: Admin, { place: { topic }, replicas }: TopicWish): Promise<boolean> {
  try {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const found = topics.get(topic);
    if (found === undefined) return false;
    const [first] = found.partitions;
    if (found.partitionsCount !== 1) throw invalid(topic, `has ${found.partitionsCount} partitions, 1 is wanted`);
    const copies = first?.replicas.length ?? 0;
    if (copies < replicas) throw invalid(topic, `has ${copies} ${copies === 1 ? 'copy' : 'copies'}, \`replicas\` wants ${replicas}`);
    return true;
  } catch (error) {
    if (isUnknownTopic(error)) return false;
    throw error;
  }
}

async function createTopic(admin: Admin, { place: { topic }, replicas }: TopicWish): Promise<void> {
  const configs = logTopicSettings(replicas).map(({ name, value }) => ({ name, value }));
  const asked = { topics: [topic], partitions: 1, replicas };
  try {
    await admin.createTopics({ ...asked, configs });
  } catch (error) {
    // The standby was first.
    if (hasApiError(error, 'TOPIC_ALREADY_EXISTS')) return;
    // Express brokers fix some settings and refuse to be told; what they fixed is held against the wish.
    if (!hasApiError(error, 'INVALID_CONFIG') && !hasApiError(error, 'POLICY_VIOLATION')) throw error;
    await admin.createTopics(asked);
  }
}

async function checkSettings(admin: Admin, { place: { topic }, replicas }: TopicWish): Promise<void> {
  const wanted = logTopicSettings(replicas);
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: wanted.map(({ name }) => name) } as const;
  const [result] = await admin.describeConfigs({ resources: [resource] });
  for (const setting of wanted) {
    const value = result?.configs.find(({ name }) => name === setting.name)?.value;
    if (typeof value !== 'string' || keepsSetting(setting, value)) continue;
    const bound = setting.rule === 'least' ? 'at least ' : '';
    throw invalid(topic, `has ${setting.name}=${value}, ${bound}${setting.value} is wanted`);
  }
}

function invalid(topic: string, reason: string): IrisError {
  return new IrisError(
    'ENGINE_INVALID',
    `kafka topic ${topic} ${reason}; change it with kafka-configs, or move to another environment name`,
  );
}
