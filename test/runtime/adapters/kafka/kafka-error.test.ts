import { isUnknownTopic, kafkaError } from '../../../../runtime/adapters/kafka/kafka-error.ts';
import { IrisError } from '../../../../runtime/contract/errors.ts';

const place = { brokers: ['a:9092', 'b:9092'], topic: 'iris.test.g' };
/** As the driver nests them: in a list, in an object by path, and as causes. */
const error = (fields: object, cause?: unknown) => Object.assign(new Error('said so', { cause }), fields);
const nested = (inner: object) => error({ errors: [error({ errors: { '/responses/0': error(inner) } })] });

it.each([
  ['a login that is refused', error({}, nested({ apiId: 'SASL_AUTHENTICATION_FAILED' })), 'ENGINE_INVALID', /refuses the login/],
  ['a certificate', error({}, error({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })), 'ENGINE_INVALID', /DEPTH_ZERO_SELF_SIGNED_CERT.*caPath/],
  [
    'rights on the topic',
    nested({ apiId: 'TOPIC_AUTHORIZATION_FAILED' }),
    'ENGINE_INVALID',
    /allow it to create, describe, read and write/,
  ],
  ['rights on the cluster', nested({ apiId: 'CLUSTER_AUTHORIZATION_FAILED' }), 'ENGINE_INVALID', /IdempotentWrite/],
  ['a batch that is too large', nested({ apiId: 'MESSAGE_TOO_LARGE' }), 'ENGINE_INVALID', /raise its max\.message\.bytes/],
  ['brokers that are too old', error({ message: 'Unsupported API Produce.' }), 'ENGINE_INVALID', /Kafka 3\.5 or newer/],
  ['a topic that is gone', error({ message: 'Unknown topic iris.test.g.' }), 'ENGINE_INVALID', /does not know topic iris\.test\.g/],
  ['too few copies in sync', nested({ apiId: 'NOT_ENOUGH_REPLICAS' }), 'ENGINE_UNAVAILABLE', /iris\.test\.g: NOT_ENOUGH_REPLICAS/],
  ['a login that is broken off', error({ code: 'PLT_KFK_AUTHENTICATION' }, error({})), 'ENGINE_UNAVAILABLE', /breaks off the login/],
  ['a port that refuses', error({}, error({ code: 'ECONNREFUSED' })), 'ENGINE_UNAVAILABLE', /a:9092,b:9092 .*ECONNREFUSED/],
  [
    'a role that is not there',
    error({}, new IrisError('ENGINE_INVALID', 'give the machine a role')),
    'ENGINE_INVALID',
    /a:9092,b:9092: give/,
  ],
  ['what it does not know', 'words', 'ENGINE_UNAVAILABLE', /no reason given/],
])('%s is one line with a code', (_, thrown, code, message) => {
  const told = kafkaError(thrown, place);
  expect([told.code, told.message]).toEqual([code, expect.stringMatching(message)]);
  expect(told.message).not.toContain('\n');
});

it('an error that is told already stays as it is', () => {
  const told = kafkaError(nested({ apiId: 'MESSAGE_TOO_LARGE' }), place);
  expect(kafkaError(told, place)).toBe(told);
  expect(isUnknownTopic(nested({ apiId: 'UNKNOWN_TOPIC_OR_PARTITION' }))).toBe(true);
});
