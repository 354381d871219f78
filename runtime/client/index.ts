export type { TlsClientOptions } from '../adapters/transport-tls.ts';
export { IrisError } from '../contract/errors.ts';
export type { ClientParts, ConnectOptions, SendOptions } from './client-options.ts';
export type { BestEffortMessage, Presence, TypingSignal } from './ephemerals.ts';
export { IrisMessage } from './incoming.ts';
export type { MessageGap } from './incoming-gaps.ts';
export { IrisClient } from './iris-client.ts';
export type { MessageStatus, SentMessages, StatusUpdate } from './message-statuses.ts';
export type { SendReceipt } from './outgoing.ts';
