import { SESSION_IN_FLIGHT_BYTES_MAX, SESSION_IN_FLIGHT_MAX } from '../contract/limits.ts';
import type { Connection } from '../ports/transport.ts';

/** What a session has sent without an answer. Over its bounds the socket is not read, so that the client feels it (L8). */
export class SendWindow {
  private readonly connection: Connection;
  private messages = 0;
  private bytes = 0;
  private isPaused = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  opened(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
    if (this.isPaused || (this.messages < SESSION_IN_FLIGHT_MAX && this.bytes < SESSION_IN_FLIGHT_BYTES_MAX)) return;
    this.isPaused = true;
    this.connection.pause();
  }

  /** Answers name messages, not bytes: each takes the average of those under way, so that the sum ends at 0. */
  answered(messages: number): void {
    this.bytes -= this.messages === 0 ? 0 : (this.bytes * messages) / this.messages;
    this.messages -= messages;
    if (!this.isPaused || this.messages > SESSION_IN_FLIGHT_MAX / 2 || this.bytes > SESSION_IN_FLIGHT_BYTES_MAX / 2) return;
    this.isPaused = false;
    this.connection.resume();
  }
}
