/** What a connection tells its owner. All calls come from one event loop, in order. */
export interface ConnectionHandler {
  /** Bytes arrived; the handler may keep views of them. */
  received(chunk: Buffer): void;
  /** What was queued has gone to the system; called only after `queuedBytes` was above 0. */
  drained(): void;
  /** The connection is over; nothing follows. Called once. */
  closed(reason: string): void;
}

/** One ordered byte stream. */
export interface Connection {
  /** The other side’s address, for logs and limits. */
  readonly remoteAddress: string;
  /** Bytes written but not yet taken by the system. */
  readonly queuedBytes: number;
  /** Takes ownership of `bytes`. After `end` or `destroy` it does nothing. */
  write(bytes: Buffer): void;
  /** Stops and starts reading; the sender feels it as back-pressure. */
  pause(): void;
  resume(): void;
  /** Closes after what is queued has been sent. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Listening {
  /** host:port as bound. */
  readonly address: string;
  /** Takes no new connections; open ones stay. */
  close(): Promise<void>;
}

/** Takes connections. */
export interface ServerTransport {
  /** @throws IrisError ADDRESS_IN_USE */
  listen(address: ListenAddress, accept: (connection: Connection) => ConnectionHandler): Promise<Listening>;
}

/** Makes connections. */
export interface ClientTransport {
  /** Resolves when connected. @throws IrisError CONNECTION_FAILED */
  connect(address: string, handler: (connection: Connection) => ConnectionHandler): Promise<void>;
}

/** Carries ordered byte streams. */
export interface Transport extends ServerTransport, ClientTransport {}
