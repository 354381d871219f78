import type { ErrorCode } from '../contract/errors.ts';

/** Faults after which another connection would fail as well. */
export const FATAL_FAULTS: readonly ErrorCode[] = [
  'AUTHENTICATION_FAILED',
  'VERSION_UNSUPPORTED',
  'NAME_INVALID',
  'SESSION_REPLACED',
  'FRAME_TOO_LARGE',
  'FRAME_MALFORMED',
];
