export { IrisError } from '../contract/errors.ts';
export { IrisMessage } from './incoming.ts';
export { type ClientParts, type ConnectOptions, IrisClient } from './iris-client.ts';
export type { SendReceipt } from './outgoing.ts';
