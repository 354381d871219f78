import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Welcome => 81 version:u8 serverTimeMs:u64 region:text16 awsRegion:text16 node:text16 options. The login succeeded; deliveries follow. */
export interface WelcomeFrame {
  readonly version: number;
  readonly serverTimeMs: number;
  /** The Iris region that serves this connection. */
  readonly region: string;
  readonly awsRegion: string;
  readonly node: string;
}

const TEXT_MAX = 255;

export function decodeWelcome(reader: ByteReader): WelcomeFrame {
  const version = reader.u8();
  const serverTimeMs = reader.u64();
  const region = reader.text16(TEXT_MAX, 'region');
  const awsRegion = reader.text16(TEXT_MAX, 'AWS region');
  const node = reader.text16(TEXT_MAX, 'node');
  skipOptions(reader);
  return { version, serverTimeMs, region, awsRegion, node };
}

export function encodeWelcome(out: ByteWriter, frame: WelcomeFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Welcome);
  out.u8(frame.version);
  out.u64(frame.serverTimeMs);
  out.text16(frame.region);
  out.text16(frame.awsRegion);
  out.text16(frame.node);
  out.endFrame(mark);
}
