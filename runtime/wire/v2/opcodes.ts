/** The v2 opcodes: the single registry. Below 0x80 from the client, above from the server. Numbers are never reused. */
export const Opcode = {
  Hello: 0x01,
  Send: 0x02,
  Batch: 0x03,
  Ack: 0x04,
  Ping: 0x05,
  Bye: 0x06,
  // Since version 3.
  Read: 0x07,
  MessageStatusQuery: 0x08,
  Typing: 0x09,
  PresenceQuery: 0x0a,
  // Since version 4.
  Fetch: 0x0b,
  // Since version 5.
  Watch: 0x0c,
  Unwatch: 0x0d,
  // Since version 6.
  Audience: 0x0e,
  Welcome: 0x81,
  Sent: 0x82,
  Deliver: 0x83,
  Pong: 0x84,
  Fault: 0x85,
  Goaway: 0x86,
  Farewell: 0x87,
  // Since version 3.
  MessageStatus: 0x88,
  TypingPush: 0x89,
  Presence: 0x8a,
  Ephemeral: 0x8b,
  Gap: 0x8d,
  // Since version 4.
  Generation: 0x8c,
  // Since version 5.
  Watched: 0x8e,
  // Since version 6.
  AudienceAnswer: 0x8f,
} as const;

/**
 * The versions of v2 that this release speaks; a peer’s range must meet it (X16). Frames and flags that came with a version are written
 * only on connections that speak it: version 2 ends at FAREWELL, version 3 at GAP.
 */
export const VERSION_MIN = 2;
export const VERSION_MAX = 6;
/** The one that tells generations, and reads over several connections. */
export const FETCH_VERSION = 4;
/** The one that tells how watched users are. */
export const WATCH_VERSION = 5;
/** The one in which a user says who may see whether it is online. */
export const AUDIENCE_VERSION = 6;
