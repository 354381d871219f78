/** Opcodes between nodes. Below 0x80 from the node that connected (edge or bridge), above from the one that owns shards. Never reused. */
export const LinkOpcode = {
  Hello: 0x01,
  Ping: 0x02,
  Append: 0x10,
  PublisherEnd: 0x11,
  // Since version 3.
  Appends: 0x13,
  Attach: 0x20,
  Credit: 0x21,
  Cursor: 0x22,
  Remove: 0x23,
  Detach: 0x24,
  // Since version 2.
  Read: 0x25,
  MessageStatusQuery: 0x26,
  Ephemeral: 0x27,
  Seal: 0x28,
  MarkQuery: 0x29,
  Pull: 0x2a,
  StatusQuery: 0x30,
  // Since version 2.
  Undelivered: 0x31,
  // Since version 3.
  ReadingQuery: 0x32,
  // Since version 4.
  Watch: 0x33,
  Unwatch: 0x34,
  // Since version 5.
  Audience: 0x35,
  Welcome: 0x81,
  Pong: 0x82,
  Refuse: 0x83,
  Appended: 0x90,
  Refused: 0x91,
  Push: 0xa0,
  Detached: 0xa1,
  // Since version 2.
  MessageStatus: 0xa2,
  EphemeralPush: 0xa3,
  EphemeralAnswer: 0xa4,
  Layout: 0xa5,
  CaughtUp: 0xa6,
  Sealed: 0xa7,
  Mark: 0xa8,
  Gap: 0xad,
  Handover: 0xa9,
  Status: 0xb0,
  // Since version 3.
  Reading: 0xb1,
  // Since version 4.
  Presence: 0xb2,
  // Since version 5.
  AudienceAnswer: 0xb3,
} as const;

/**
 * Versions of the link protocol that this release speaks. Frames that came with a version are written only on links that speak it: an
 * owner of an older one cuts a link on which it reads one.
 */
export const LINK_VERSION_MIN = 1;
export const LINK_VERSION_MAX = 5;
/** Bytes a link frame may have beyond its envelope. */
export const LINK_HEADER_BYTES_MAX = 64;
