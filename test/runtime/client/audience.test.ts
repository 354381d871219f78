/** A23, L8, X16: what a client says of who may see its user: one after the other, again until it is answered, and refused where the server is older. */
import { OwnAudience, type WhoMaySee } from '../../../runtime/client/audience.ts';
import { namesOf } from '../../../runtime/contract/audience.ts';
import { ERROR_CODES } from '../../../runtime/contract/errors.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { type AudienceFrame, decodeAudience } from '../../../runtime/wire/v2/audience.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

function open() {
  const [clock, out] = [new ManualClock(), new ByteWriter()];
  const server = { isUp: true, isOld: false };
  const audience = new OwnAudience({ clock, writer: () => (server.isUp ? out : undefined), isOld: () => server.isOld });
  const said = (): AudienceFrame[] => {
    const frames: AudienceFrame[] = [];
    new FrameSplitter(65_536).push(out.take(), {
      frame: (buffer, start, end) =>
        frames.push(decodeAudience(new ByteReader().reset(Buffer.from(buffer.subarray(start, end)), 1, end - start))),
    });
    return frames;
  };
  const outcome = (promise: Promise<WhoMaySee>) => promise.catch((error: { code: string }) => error.code);
  return { clock, server, audience, said, outcome };
}

it('says one after the other, and again after a reconnect and a refusal that passes', async () => {
  const { clock, server, audience, said, outcome } = open();
  const [first, second] = [outcome(audience.ask(['bob', 'carol', 'bob'])), outcome(audience.ask())];
  const [frame, ...none] = said();
  expect([none, frame?.isChange, namesOf(frame?.audience as Buffer).map(String)]).toEqual([[], true, ['bob', 'carol']]);
  server.isUp = false;
  audience.repeat();
  server.isUp = true;
  audience.repeat();
  const again = said()[0] as AudienceFrame;
  expect(again.audience).toEqual(frame?.audience);
  audience.answered({ ...again, query: again.query - 1, code: 0 });
  audience.answered({ ...again, code: ERROR_CODES.SHARD_MOVED.wire });
  expect(said()).toEqual([]);
  await clock.advance(1_000);
  audience.answered({ ...(said()[0] as AudienceFrame), code: 0 });
  expect(await first).toEqual(['bob', 'carol']);
  const asked = said()[0] as AudienceFrame;
  expect(asked.isChange).toBe(false);
  audience.answered({ query: asked.query, code: 0, audience: Buffer.alloc(0) });
  expect(await second).toBe('nobody');
});

it('ends with the code of what does not pass, with TIMED_OUT, or with the client', async () => {
  const { clock, server, audience, said, outcome } = open();
  const replaced = outcome(audience.ask('nobody'));
  audience.answered({ query: said()[0]?.query ?? 0, code: ERROR_CODES.SESSION_REPLACED.wire, audience: undefined });
  expect(await replaced).toBe('SESSION_REPLACED');
  const late = outcome(audience.ask('everyone'));
  await clock.advance(60_000);
  expect(await late).toBe('TIMED_OUT');
  expect(await outcome(audience.ask(['a\u0001']))).toBe('NAME_INVALID');
  expect(await outcome(audience.ask(Array.from({ length: 1_000 }, (_, i) => `somebody-${i}`)))).toBe('FRAME_TOO_LARGE');
  const waiting = Array.from({ length: 17 }, () => outcome(audience.ask()));
  server.isOld = true;
  audience.repeat();
  expect(await Promise.all(waiting)).toEqual([...Array.from({ length: 16 }, () => 'VERSION_UNSUPPORTED'), 'OVERLOADED']);
  expect(await outcome(audience.ask())).toBe('VERSION_UNSUPPORTED');
});
