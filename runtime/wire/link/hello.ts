import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { skipOptions } from '../v2/options.ts';
import { LinkOpcode } from './opcodes.ts';

const TEXT_MAX = 255;

/**
 * Hello   => 01 versionMin:u8 versionMax:u8 environment:text16 region:text16 node:text16 options
 * Welcome => 81 version:u8 node:text16 options
 * Refuse  => 83 code:u16 message:text16 options          then the link closes
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
}

export function decodeLinkWelcome(reader: ByteReader): LinkWelcome {
  const welcome = { version: reader.u8(), node: reader.text16(TEXT_MAX, 'node') };
  skipOptions(reader);
  return welcome;
}

export function encodeLinkWelcome(out: ByteWriter, welcome: LinkWelcome): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Welcome);
  out.u8(welcome.version);
  out.text16(welcome.node);
  out.endFrame(mark);
}

export interface LinkRefuse {
  readonly wire: number;
  readonly message: string;
}

export function decodeLinkRefuse(reader: ByteReader): LinkRefuse {
  const refuse = { wire: reader.u16(), message: reader.text16(4_096, 'message') };
  skipOptions(reader);
  return refuse;
}

export function encodeLinkRefuse(out: ByteWriter, refuse: LinkRefuse): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Refuse);
  out.u16(refuse.wire);
  out.text16(refuse.message);
  out.endFrame(mark);
}
