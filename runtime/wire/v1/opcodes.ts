/** The original’s opcodes that clients send or hear. Frozen. */
export const OpcodeV1 = {
  Login: 0x01,
  Send: 0x02,
  Ack: 0x03,
  Batch: 0x04,
  GetStatus: 0x05,
  Status: 0x06,
  SendSequence: 0x07,
  Reliable: 0x10,
  UploadPrekeys: 0x20,
  FetchPrekeys: 0x21,
  PrekeyResponse: 0x22,
  Encrypted: 0x23,
  EncryptedDelivery: 0x24,
  GroupCreate: 0x30,
  GroupLeave: 0x32,
  GroupMessage: 0x33,
  GroupRoster: 0x35,
  SenderKey: 0x36,
  TypingStart: 0x70,
  TypingStop: 0x71,
  Typing: 0x72,
  ReadReceipt: 0x74,
  ReadReceiptDelivery: 0x75,
  Error: 0xfe,
  RateLimited: 0xff,
} as const;

/** Bytes of an ACK: its opcode and one message id, always (the wire itself has no length). */
export const ACK_BYTES = 17;
