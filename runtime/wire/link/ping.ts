import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/** Ping => 02; Pong => 82. A link that is silent for LINK_SILENT_MS is taken for dead. */
export function encodeLinkPing(out: ByteWriter): void {
  out.emptyFrame(LinkOpcode.Ping);
}

export function encodeLinkPong(out: ByteWriter): void {
  out.emptyFrame(LinkOpcode.Pong);
}
