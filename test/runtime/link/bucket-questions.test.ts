/** L7: who asks another owner hears something in time, whatever comes back. */
import { BUCKET_QUERY_TIMEOUT_MS } from '../../../runtime/contract/limits.ts';
import { BucketQuestions } from '../../../runtime/link/bucket-questions.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

it.each([
  ['nothing', undefined],
  ['an answer that is cut short', Buffer.of(0, 0, 0, 1, 0)],
])('hears undefined in time where %s comes back', async (_what, answer) => {
  const clock = new ManualClock();
  const questions = new BucketQuestions(clock, () => new ByteWriter());
  const asked = questions.bucket(Buffer.from('bob'), { seal: true });
  // The link is broken off by what is thrown here.
  if (answer !== undefined) expect(() => questions.answered(new ByteReader().reset(answer, 0, answer.length))).toThrow(/ends/);
  await clock.advance(BUCKET_QUERY_TIMEOUT_MS);
  expect(await asked).toBeUndefined();
});
