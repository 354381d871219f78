import { SESSION_IN_FLIGHT_BYTES_MAX, SESSION_IN_FLIGHT_MAX, SESSION_UNREAD_BYTES_MAX } from '../contract/limits.ts';
import type { Connection } from '../ports/transport.ts';

/**
 * What a session has sent without an answer, and the answers it has not read. Over the bounds of either the socket is not read, so that
 * the client feels it (L8).
 */
export class SendWindow {
  private readonly connection: Connection;
  private messages = 0;
  private bytes = 0;
  private isFull = false;
  private isUnread = false;
  private isPaused = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  opened(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
    if (this.messages >= SESSION_IN_FLIGHT_MAX || this.bytes >= SESSION_IN_FLIGHT_BYTES_MAX) this.isFull = true;
    this.apply();
  }

  /** Answers name messages, not bytes: each takes the average of those under way, so that the sum ends at 0. */
  answered(messages: number): void {
    this.bytes -= this.messages === 0 ? 0 : (this.bytes * messages) / this.messages;
    this.messages -= messages;
    if (this.messages <= SESSION_IN_FLIGHT_MAX / 2 && this.bytes <= SESSION_IN_FLIGHT_BYTES_MAX / 2) this.isFull = false;
    this.apply();
  }

  /** Looks at what the client has left unread; after each write and when everything has gone out. */
  settle(): void {
    this.isUnread = this.connection.queuedBytes > SESSION_UNREAD_BYTES_MAX;
    this.apply();
  }

  private apply(): void {
    const isPaused = this.isFull || this.isUnread;
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) this.connection.pause();
    else this.connection.resume();
  }
}
