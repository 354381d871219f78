/** F12, A6: frames come out whole however the stream is cut, and a false length costs nothing. */
import fc from 'fast-check';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';

const collect = (chunks: Buffer[], max = 1 << 20) => {
  const frames: string[] = [];
  const sink = { frame: (buffer: Buffer, start: number, end: number) => void frames.push(buffer.toString('latin1', start, end)) };
  const splitter = new FrameSplitter(max);
  for (const chunk of chunks) splitter.push(chunk, sink);
  return frames;
};

const framed = (bodies: readonly Uint8Array[]) =>
  Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, Buffer.from(body)];
    }),
  );

it('gives the same frames for every way of cutting the stream', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat({ max: 400 })), (input, cuts) => {
      const stream = framed(input);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut));
        at = Math.min(stream.length, at + cut);
      }
      chunks.push(stream.subarray(at));
      expect(collect(chunks)).toEqual(input.map((body) => Buffer.from(body).toString('latin1')));
    }),
  );
});

it('survives a cut at every byte', () => {
  const stream = framed([Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')]);
  for (let cut = 0; cut <= stream.length; cut++)
    expect(collect([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(['one', '', 'three']);
});

it('fails on a length above the limit without waiting for the body, and takes one at the limit', () => {
  expect(() => collect([Buffer.of(0, 0, 0, 9)], 8)).toThrow(/frame of 9 bytes, limit is 8/);
  expect(() => collect([Buffer.of(0, 0), Buffer.of(0, 9)], 8)).toThrow(/frame of 9 bytes, limit is 8/);
  expect(collect([Buffer.of(0, 0, 0, 8), Buffer.from('12345678')], 8)).toEqual(['12345678']);
});

it('hands out nothing after stop, even within a chunk', () => {
  const seen: string[] = [];
  const splitter = new FrameSplitter(100);
  const sink = {
    frame(buffer: Buffer, start: number, end: number) {
      seen.push(buffer.toString('latin1', start, end));
      splitter.stop();
    },
  };
  splitter.push(framed([Buffer.from('a'), Buffer.from('b')]), sink);
  splitter.push(framed([Buffer.from('c')]), sink);
  expect(seen).toEqual(['a']);
});
