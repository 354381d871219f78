import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { readOptions, skipOptions } from '../v2/options.ts';
import { LinkOpcode } from './opcodes.ts';

const TEXT_MAX = 255;

/**
 * Hello   => 01 versionMin:u8 versionMax:u8 environment:text16 region:text16 node:text16 options
 * Welcome => 81 version:u8 node:text16 options           option 1, epoch:u64: the owner’s lease
 * Refuse  => 83 code:u16 message:text16 options          option 1, retryAfterMs:u32; then the link closes
 */
export interface LinkHello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly environment: string;
  readonly region: string;
  readonly node: string;
}

export function decodeLinkHello(reader: ByteReader): LinkHello {
  const hello = {
    versionMin: reader.u8(),
    versionMax: reader.u8(),
    environment: reader.text16(TEXT_MAX, 'environment'),
    region: reader.text16(TEXT_MAX, 'region'),
    node: reader.text16(TEXT_MAX, 'node'),
  };
  skipOptions(reader);
  return hello;
}

export function encodeLinkHello(out: ByteWriter, hello: LinkHello): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Hello);
  out.u8(hello.versionMin);
  out.u8(hello.versionMax);
  out.text16(hello.environment);
  out.text16(hello.region);
  out.text16(hello.node);
  out.endFrame(mark);
}

export interface LinkWelcome {
  readonly version: number;
  readonly node: string;
  /** 0 from a release that knows no leases. */
  readonly epoch: number;
}

const EPOCH_OPTION = 1;
const RETRY_OPTION = 1;

export function decodeLinkWelcome(reader: ByteReader): LinkWelcome {
  const [version, node] = [reader.u8(), reader.text16(TEXT_MAX, 'node')];
  let epoch = 0;
  readOptions(reader, (tag, value) => {
    if (tag === EPOCH_OPTION && value.length === 8) epoch = value.readUInt32BE(0) * 0x1_0000_0000 + value.readUInt32BE(4);
  });
  return { version, node, epoch };
}

export function encodeLinkWelcome(out: ByteWriter, welcome: LinkWelcome): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Welcome);
  out.u8(welcome.version);
  out.text16(welcome.node);
  if (welcome.epoch > 0) {
    out.u8(EPOCH_OPTION);
    out.u16(8);
    out.u64(welcome.epoch);
  }
  out.endFrame(mark);
}

export interface LinkRefuse {
  readonly wire: number;
  readonly message: string;
  /** 0 when nothing is said. */
  readonly retryAfterMs: number;
}

export function decodeLinkRefuse(reader: ByteReader): LinkRefuse {
  const [wire, message] = [reader.u16(), reader.text16(4_096, 'message')];
  let retryAfterMs = 0;
  readOptions(reader, (tag, value) => {
    if (tag === RETRY_OPTION && value.length === 4) retryAfterMs = value.readUInt32BE(0);
  });
  return { wire, message, retryAfterMs };
}

export function encodeLinkRefuse(out: ByteWriter, refuse: LinkRefuse): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Refuse);
  out.u16(refuse.wire);
  out.text16(refuse.message);
  if (refuse.retryAfterMs > 0) {
    out.u8(RETRY_OPTION);
    out.u16(4);
    out.u32(refuse.retryAfterMs);
  }
  out.endFrame(mark);
}
