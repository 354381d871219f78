import { SESSION_IN_FLIGHT_MAX } from '../contract/limits.ts';
import type { Connection } from '../ports/transport.ts';

/** What a session has sent without an answer. Over its bound the socket is not read, so that the client feels it (L8). */
export class SendWindow {
  private readonly connection: Connection;
  private messages = 0;
  private isPaused = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  opened(count: number): void {
    this.messages += count;
    if (this.isPaused || this.messages < SESSION_IN_FLIGHT_MAX) return;
    this.isPaused = true;
    this.connection.pause();
  }

  answered(count: number): void {
    this.messages -= count;
    if (!this.isPaused || this.messages > SESSION_IN_FLIGHT_MAX / 2) return;
    this.isPaused = false;
    this.connection.resume();
  }
}
