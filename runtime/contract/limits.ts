/** Every bound of the runtime, with its unit and reason. A queue, frame, retry or timeout without a name here is a defect (law L8). */

/** Slots of the frozen user hash (requirements C12): about 21 per shard at 50,000 shards, so shards differ by at most one slot, 5 %. */
export const SLOTS = 2 ** 20;
/** A slot table entry is 16 bits, and planet needs 50,000. */
export const SHARDS_MAX = 65_535;
/** Share of the slots that may change their group from one slot map to the next: doubling moves a half, a damaged map moves nearly all. */
export const SLOTS_MOVED_SHARE_MAX = 0.6;
/** Users of one answer about who is to be handed over, and marks of one part of a user. */
export const HANDOVER_USERS_MAX = 512;
export const HANDOVER_MARKS_MAX = 256;
/** Users a new owner fetches at the same time: enough to fill a link, few enough to leave the disk to messages. */
export const HANDOVERS_AT_ONCE = 16;
/** Milliseconds a former owner has to answer, between two tries of one user, and between two looks for who is left. */
export const HANDOVER_TIMEOUT_MS = 10_000;
export const HANDOVER_RETRY_MS = 500;
export const HANDOVER_SWEEP_MS = 200;
/** Questions about users that may wait for an answer on one link. */
export const HANDOVER_QUERIES_MAX = 1_024;
/** Users for whom something came before they have been fetched, and who go first; above it a user waits for the sweep that lists everyone. */
export const HANDOVER_URGENT_MAX = 65_536;
/** Milliseconds before a reader whose user lives elsewhere attaches there, at first and at most. */
export const REATTACH_FIRST_MS = 50;
export const REATTACH_LAST_MS = 2_000;
/** Milliseconds between two looks for a newer slot map: a published map is in force everywhere within a second. */
export const SLOT_MAP_POLL_MS = 500;
/** Milliseconds that a register of slot maps may take to answer, and that one question may wait there for a newer map: proxies cut what is silent for a minute. */
export const REGISTER_TIMEOUT_MS = 5_000;
export const REGISTER_WAIT_MS = 30_000;
/** Milliseconds before a register that failed is asked again, at first and at most. */
export const REGISTER_RETRY_FIRST_MS = 250;
export const REGISTER_RETRY_LAST_MS = 10_000;
/** Milliseconds between two looks at the pointer in SSM, which answers 40 a second of an account, where the place does not say another number. */
export const SSM_LOOK_MS = 5_000;
/** Milliseconds after which a claim on the next publication is of a publisher that is gone: publishing takes some. */
export const PUBLISHER_CLAIM_MS = 10_000;

/** Milliseconds a connection may stay without a successful login (A7). */
export const LOGIN_TIMEOUT_MS = 10_000;
/** Milliseconds a leaving client’s acknowledgements may take to become durable. */
export const FAREWELL_TIMEOUT_MS = 5_000;
/** Milliseconds between LOGIN_OK and the first waiting message on v1: its clients throw away what arrives with LOGIN_OK. */
export const V1_REPLAY_DELAY_MS = 15;
/** Milliseconds between two looks for idle sessions. */
export const IDLE_SWEEP_MS = 5_000;
/** Milliseconds between pings that a client sends; below the load balancer’s 350 s idle timeout. */
export const PING_INTERVAL_MS = 30_000;
/** Milliseconds without a byte after which a v2 session is closed: three missed pings. v1 clients never ping, so they are exempt. */
export const SESSION_IDLE_MS = 95_000;

/** Bytes a session may hold unsent for a client that reads too slowly; above it no credit is granted and the rest waits in the inbox. */
export const SESSION_QUEUED_BYTES_MAX = 262_144;
/**
 * Bytes of pushes a core may have under way to one session: at first, and once its client has shown that it reads fast. The last envelope
 * may pass it, so a full batch still fits. 100,000 clients that never read hold 6.1 GiB.
 */
export const PUSH_CREDIT_FIRST_BYTES = 65_536;
export const PUSH_CREDIT_BYTES = 1_048_576;
/**
 * Bytes that a reader who leaves nothing waiting may have under way: at 64 MB/s that is what a busy core and edge push between two of its
 * grants. What passes PUSH_CREDIT_BYTES comes out of one stock per edge, so that 36 such readers have it and the others 1 MiB.
 */
export const PUSH_CREDIT_FAST_BYTES = 8 * 1_048_576;
export const PUSH_STOCK_BYTES = 256 * 1_048_576;
/** Messages and bytes a session may have sent without an answer; then its socket is not read, so that one client cannot fill a link (A8). */
export const SESSION_IN_FLIGHT_BYTES_MAX = 8 * 1_048_576;
export const SESSION_IN_FLIGHT_MAX = 8_000;
/**
 * Bytes a session may leave unread before its own socket is not read either. Deliveries alone stay below it, by their credit, except
 * for a fast reader that stops; else only a client that asks and reads no answer meets it.
 */
export const SESSION_UNREAD_BYTES_MAX = 2 * 1_048_576;
/** Frames beside messages (reads, typing, queries) that a session may send in a second, and at once after a pause; more are refused. */
export const SIGNALS_PER_SECOND = 100;
export const SIGNALS_BURST_MAX = 500;
/** Refused (recipient) marks a session keeps; above it the session ends, since order could not be kept. */
export const SESSION_FENCES_MAX = 1_024;
/** Recipients whose last message a v1 session remembers; to others its next message starts a new order, which only shows while they move. */
export const V1_RECIPIENTS_MAX = 1_024;
/** Batches shown to a v1 client whose messages it acknowledges one by one; above it an older batch is forgotten and comes again at the next login. */
export const V1_BATCHES_MAX = 4_096;

/** Envelopes shown to a v1 client whose senders want to know when they are read; of an older one a receipt says nothing any more. */
export const V1_WISHES_MAX = 1_024;

/** Bytes that may wait on one link for its owner; then sends are refused as OVERLOADED. */
export const LINK_QUEUED_BYTES_MAX = 64 * 1_048_576;
/** Envelopes that may wait for an answer on one link. */
export const LINK_IN_FLIGHT_MAX = 131_072;
/** Milliseconds an append may wait for its answer before the sender is told SHARD_UNAVAILABLE. */
export const APPEND_TIMEOUT_MS = 10_000;
/** Milliseconds between attempts to reach a node: first and last of an exponential row with jitter. */
export const LINK_RETRY_FIRST_MS = 50;
export const LINK_RETRY_LAST_MS = 2_000;
/** Milliseconds between a link’s heartbeats, and the silence after which it is taken for dead. */
export const LINK_PING_MS = 2_000;
export const LINK_SILENT_MS = 8_000;
/** The same where the owner has a standby: two pings without an answer. A lease runs out at about that time. */
export const LINK_SILENT_WITH_STANDBY_MS = 4_500;
/**
 * The same for the answer to a greeting, the first time; twice as long after each that got none, until a node answers. An owner that runs
 * answers in milliseconds; one that is stopped never does, and its standby serves meanwhile.
 */
export const LINK_GREETING_FIRST_MS = 750;
/** Milliseconds a standby asks who links to it to wait: it takes over within some of these. */
export const LINK_STANDBY_RETRY_MS = 250;
/** Further addresses at which a shard group’s owner may be: one in each of the six zones that an AWS region has at most. */
export const STANDBYS_MAX = 5;

/**
 * Sends in a row that an owner leaves unanswered or cannot store, and milliseconds its link is down, before further ones are refused at
 * once (R20). A core that is started anew is back within 2 s, so that is waited for.
 */
export const BREAKER_FAILURES = 5;
export const BREAKER_DOWN_MS = 3_000;
/** Milliseconds before an owner whose link is up is tried again: first and last of an exponential row; and for those beside the one who tries. */
export const BREAKER_OPEN_FIRST_MS = 1_000;
export const BREAKER_OPEN_LAST_MS = 4_000;
export const BREAKER_PROBE_MS = 200;

/**
 * Milliseconds between two looks at a node’s load, samples of the event loop’s delay that are kept (10 s), and milliseconds a lower load
 * must last before the level falls a step (X21).
 */
export const LOAD_SAMPLE_MS = 100;
export const LOAD_LAG_SAMPLES = 100;
export const LOAD_CALM_MS = 2_000;
/**
 * Milliseconds between two sampled acknowledgements or deliveries of an edge: 100 a second, each costs a timer. Samples that a latency’s
 * percentiles are taken from, 8 KB, and milliseconds after which one no longer counts: the period in which metrics are published.
 */
export const LATENCY_SAMPLE_MS = 10;
export const LATENCY_SAMPLES_MAX = 1_024;
export const LATENCY_WINDOW_MS = 60_000;
/** Milliseconds after which what was shed may be asked for again, when calm; twice as long with each level. */
export const SHED_RETRY_MS = 500;
/** Where levels 1, 2 and 3 begin: milliseconds the event loop is late, share of a bounded queue in use, share of the heap in use. */
export const LOAD_LAG_MS = [100, 300, 1_000] as const;
export const LOAD_QUEUE_SHARE = [0.25, 0.5, 0.75] as const;
export const LOAD_HEAP_SHARE = [0.75, 0.85, 0.92] as const;

/** Bytes and envelopes that may wait for the next commit of a core; then appends are refused as OVERLOADED. */
export const COMMIT_QUEUED_BYTES_MAX = 128 * 1_048_576;
export const COMMIT_QUEUED_MAX = 262_144;
/** Acknowledgements and other changes that may wait for a commit; above it those of a reader wait at its attachment, the latest only. */
export const CHANGES_MAX = 65_536;
/** Bytes of one commit; more waits for the next, so that one commit stays short. */
export const COMMIT_BYTES_MAX = 16 * 1_048_576;
/** Milliseconds an acknowledgement may wait for an append to share its commit with; losing it costs a delivery that the client drops. */
export const CHANGE_DELAY_MS = 10;
/** Milliseconds a duplicate is recognised: seven days (X2). */
export const DEDUP_WINDOW_MS = 7 * 24 * 3_600_000;
/**
 * Ranges of sequences that one status may hold. A reader who acknowledges in order needs one; a v1 client that leaves messages out, or a
 * sender that wants to hear of some messages only, needs more. 256 bytes at the most.
 */
export const SEQUENCE_RANGES_MAX = 16;
/** Best-effort messages that may wait for their answer on one link, and the milliseconds after which one counts as lost. */
export const EPHEMERALS_IN_FLIGHT_MAX = 8_192;
export const EPHEMERAL_TIMEOUT_MS = 5_000;
/** Bytes that may wait in a link’s socket before best-effort messages and signals are refused: they must not delay appends. */
export const EPHEMERAL_QUEUED_BYTES_MAX = 4 * 1_048_576;
/** Rows of message statuses that a core keeps in memory; others are read from the store. About 300 bytes each. */
export const STATUS_ROWS_MEMORY_MAX = 100_000;
/**
 * Looks into a store that cannot be read for whom an acknowledgement concerns, and milliseconds between two. Then it counts, and nobody is told: it
 * must not outlast a move of its user.
 */
export const WANTED_SEARCHES_MAX = 10;
export const WANTED_RETRY_MS = 200;
/** Senders’ devices whose messages one reader may report as read between two commits; more are shed and told again (X21). */
export const READ_NOTES_MAX = 256;
/** Milliseconds a status query waits for the owner (R16); its answer may be as old as STATUS_CACHE_MS (R15). */
export const STATUS_TIMEOUT_MS = 1_000;
export const STATUS_CACHE_MS = 2_000;
/** Users whose status an edge remembers. */
export const STATUS_CACHE_MAX = 10_000;
/** Status queries that may wait for an answer on one link. */
export const STATUS_QUERIES_MAX = 10_000;
/** Envelopes pushed and not yet acknowledged whose places an owner remembers; above it an acknowledgement reads the range from the store. */
export const UNACKNOWLEDGED_MAX = 65_536;
/** Milliseconds a message waits for its predecessor from another region before it is delivered without it; the predecessor still comes later (L3). Three times the longest cut rehearsed (F7), since wall clocks may be wrong and cuts may follow each other. */
export const ORDER_HOLD_MS = 1_800_000;
/** Milliseconds between two looks for messages that have waited so long. */
export const ORDER_SWEEP_MS = 1_000;
/** Bytes of messages that wait for their predecessors; above it a core takes no more. */
export const PARKED_BYTES_MAX = 64 * 1_048_576;
/** Recipients whose order a link remembers as broken by a refusal; above it the link is cut, which starts order anew. */
export const FENCES_MAX = 100_000;
/**
 * Envelopes that may wait in one core’s inboxes and outboxes, and inboxes that hold some: their index is in memory, 36 bytes an envelope
 * and 300 an inbox, 0.9 GB at both limits. Above them a core takes no more until readers drain.
 */
export const WAITING_ENVELOPES_MAX = 8_388_608;
export const WAITING_INBOXES_MAX = 2_097_152;
/**
 * Envelopes and bytes that one inbox may hold; then messages to it are refused as INBOX_FULL until its user reads. An eighth of what a
 * core may hold, and of the 64 GiB volume it has in the cloud, so that one inbox cannot take a core from the others. The last commit may pass it.
 */
export const INBOX_ENVELOPES_MAX = 1_048_576;
export const INBOX_BYTES_MAX = 8 * 1_073_741_824;
/** The same of the outbox to one group of another region (X22): a quarter, since a region that cannot be reached has many senders. */
export const OUTBOX_ENVELOPES_MAX = 2_097_152;
export const OUTBOX_BYTES_MAX = 16 * 1_073_741_824;
/** Milliseconds after which a message to a full inbox or outbox may be tried again: what filled in hours does not empty at once. */
export const FULL_RETRY_MS = 5_000;
/** Milliseconds after which a bridge tries again what another region’s full inboxes refused, and the inboxes it passes over meanwhile; above it it waits as a whole. */
export const HELD_RETRY_MS = 10_000;
export const HELD_RECIPIENTS_MAX = 10_000;
/** Milliseconds after which a message may be tried again that met a core whose store is full. */
export const STORE_FULL_RETRY_MS = 2_000;
/**
 * Milliseconds a message may wait in an inbox, 30 days, and in an outbox, 7 days (X22); then it is taken out and reported. Milliseconds between
 * two looks for such messages, or a quarter of the shorter time where that is less; inboxes looked at before others get their turn.
 */
export const INBOX_RETENTION_MS = 30 * 24 * 3_600_000;
export const OUTBOX_RETENTION_MS = 7 * 24 * 3_600_000;
export const RETENTION_SWEEP_MS = 3_600_000;
export const SWEEP_ROWS = 4_096;
/** Times noted of places in the log: hourly for 30 days, with room; above it every other one goes. */
export const POSITION_TIMES_MAX = 1_024;
/** Inboxes and outboxes that `/gaps` lists. */
export const RETENTION_REPORT_MAX = 1_000;
/** Recipients, and rows of the log, whose names a core keeps ready: some 360 bytes each. A power of two. */
export const NAMES_KEPT = 8_192;
/** Bytes of the log that a core keeps in memory for readers who are not far behind. */
export const STORE_CACHE_BYTES_MAX = 128 * 1_048_576;
/**
 * Positions that a core gives out in a millisecond at most, counted from 2020: ten times the fastest disk measured. What its moment allows is so
 * above all that a lost core can have given out, and nobody has to ask it.
 */
export const POSITIONS_PER_MS_MAX = 1_000;
/** Milliseconds since 1970 at which that count begins. */
export const POSITIONS_SINCE_MS = 1_577_836_800_000;
/** Milliseconds by which clocks may be wrong in it. */
export const POSITIONS_MARGIN_MS = 86_400_000;
/**
 * Milliseconds for which nobody waits for what a region held that was given up: as long as clients name a predecessor. Regions given up within that
 * time that a map remembers: beyond it the oldest is forgotten, and its conversations wait for what will not come (ORDER_HOLD_MS).
 */
export const GIVEN_UP_MS = 24 * 3_600_000;
export const GIVEN_UP_MAX = 8;
/** Runs of slots with a home of their own: each costs some 50 bytes of the map that every node reads. */
export const OVERRIDES_MAX = 65_536;
/** Ranges of a row of sequences that may still come: as many as leave a row’s bytes a quarter of what its length field can say. */
export const HOLES_MAX = 1_024;
/** Positions reserved at a time, so that a restart never gives one out twice and costs one write in a million. */
export const POSITIONS_RESERVED = 1_048_576;
/** Milliseconds between two sweeps of marks that are out of the window. */
export const DEDUP_SWEEP_MS = 3_600_000;
/** Senders’ sequence marks kept in memory per core; older ones are read from the store for frames marked as retries. */
export const DEDUP_MEMORY_MAX = 200_000;
/**
 * How readers who are far behind share a core (D6): bytes a reader may have read since it fell behind before it takes turns; bytes of a
 * turn at least; bytes given at once to all together; and, while others are pushed to live, the pause between turns and the bytes per
 * millisecond of all together, until so many turns have passed without a live push.
 */
export const REPLAY_FREE_BYTES = 65_536;
export const REPLAY_TURN_BYTES = 32_768;
export const REPLAY_BYTES_AT_ONCE = 1_048_576;
export const REPLAY_PAUSE_MS = 2;
export const REPLAY_BYTES_PER_MS = 16_384;
export const REPLAY_SLOW_TURNS = 25;
/** Bytes of turns that readers may not have taken yet, while others are pushed to live; and milliseconds after which a turn counts no longer. */
export const REPLAY_UNDER_WAY_BYTES = 131_072;
export const REPLAY_SETTLE_MS = 200;
/** Envelopes and bytes of one page read from an inbox or an outbox. */
export const PAGE_ENVELOPES_MAX = 512;
export const PAGE_BYTES_MAX = 262_144;

/** Bytes of an admin command’s body, and fewest bytes of the token that allows it: 128 bits in hex are 32. */
export const ADMIN_BODY_BYTES_MAX = 65_536;
export const ADMIN_TOKEN_BYTES_MIN = 32;

/** Buckets of one inbox: a HELLO can name two generations of them, and no user needs more owners than a region has cores. */
export const BUCKETS_MAX = 1_024;
/** Generations of one inbox within DEDUP_WINDOW_MS; then it is not promoted again until the oldest has aged. */
export const GENERATIONS_MAX = 64;
/** Promoted users of one core: their layouts are in memory, 4 KB each at 100 buckets and 10 generations. */
export const LAYOUTS_MAX = 10_000;
/** Layouts an edge remembers of users it publishes to; above it the oldest is forgotten, which costs its next message a detour. */
export const LAYOUTS_REMEMBERED_MAX = 1_024;
/** Milliseconds between two times that one link is told the same layout. */
export const LAYOUT_REPEAT_MS = 1_000;
/** Milliseconds between two looks at promoted inboxes: what is drained, what is hot, what is calm. */
export const PROMOTION_SWEEP_MS = 5_000;
/**
 * Messages a second that one bucket should take: half of the 850,000 that a core took for one inbox in frames of 10 while it shared its CPU
 * with five edges (s-3 B). Above it an inbox is promoted.
 */
export const BUCKET_MESSAGES_PER_SECOND_MAX = 400_000;
/** Buckets that load alone may give an inbox (B1). */
export const AUTOMATIC_BUCKETS_MAX = 100;
/** Milliseconds between two changes that load makes to one inbox, and how long it must be calm before it goes back to one bucket. */
export const PROMOTION_REST_MS = 30_000;
export const CALM_MS = 600_000;
/** Of so many messages of a core one is looked at to tell which inbox is hot; and inboxes counted in one window. */
export const RATE_SAMPLE_MESSAGES = 256;
export const RATED_INBOXES_MAX = 65_536;
/** Milliseconds a question between owners about a bucket may take, and before it is asked again. */
export const BUCKET_QUERY_TIMEOUT_MS = 2_000;
export const BUCKET_QUERY_RETRY_MS = 500;
/** Questions about buckets that may wait for an answer on one link. */
export const BUCKET_QUERIES_MAX = 4_096;
/** Sequence rows one question names. */
export const MARK_KEYS_MAX = 1_024;
/** Bytes of appends that wait to learn what an older generation had of their senders, and how long they may; then they are refused. */
export const INHERITANCE_BYTES_MAX = 64 * 1_048_576;
export const INHERITANCE_TIMEOUT_MS = 6_000;
/** Milliseconds the owner of a sealed bucket remembers that it is: twice what a message may wait in an outbox. */
export const SEALED_REMEMBERED_MS = 2 * DEDUP_WINDOW_MS;
/** Bytes a reader may be pushed of one bucket at first, whatever its share of the session’s window is. */
export const BUCKET_CREDIT_BYTES_MIN = 1_024;
/** Milliseconds that buckets wait for one that says nothing, so that what waits in all of them goes out by stamp: a core restarts in less. */
export const MERGE_WAIT_MS = 2_000;
/** Connections that may read shares of one inbox: beyond it each more brings less than its sockets and reads cost. */
export const READ_CONNECTIONS_MAX = 16;
/** Milliseconds a connection that reads shares waits for its client’s first connection to be known at the user’s home. */
export const FETCH_WAIT_MS = 30_000;

/** Milliseconds a leaving node takes to say GOAWAY to its clients and to flush; then it closes what is left. */
export const DRAIN_TIMEOUT_MS = 10_000;
/** Milliseconds over which GOAWAY spreads the clients’ reconnects. */
export const GOAWAY_SPREAD_MS = 2_000;
/** Open connections of one edge beyond which new ones are refused; the plan gives an edge its own figure. */
export const CONNECTIONS_MAX = 100_000;

/**
 * TLS handshakes of an edge that may be under way: at 50 KB each no more than 200 MiB for who never ends one; an edge ends some thousands a
 * second. Milliseconds each may take, and between two looks for a renewed certificate.
 */
export const TLS_HANDSHAKES_MAX = 4_096;
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
export const TLS_CERTIFICATE_POLL_MS = 60_000;

/**
 * Milliseconds for which a lease of a shard group counts, and between its renewals. A holder that could not renew stops OWNERSHIP_MARGIN_MS
 * before another may begin: clocks of two machines drift apart by less in that time. Two renewals may fail, and a standby that sees
 * nothing but silence serves within 10 s (F2).
 */
export const OWNERSHIP_LEASE_MS = 6_000;
export const OWNERSHIP_RENEWAL_MS = 2_000;
export const OWNERSHIP_MARGIN_MS = 1_000;
/** Milliseconds between a standby’s looks at the lease. */
export const STANDBY_POLL_MS = 250;
/**
 * On the distributed foundation: milliseconds for which changes gather before they are put into the rows, and the bytes at which they go at once.
 * A message that is read within that time never reaches the rows.
 */
export const GROUP_APPLY_MS = 500;
export const GROUP_APPLY_BYTES = 4 * 1_048_576;
/** Bytes of changes that the rows of a group may lack, in memory; above it commits wait. A few seconds of a full log, so that a short absence of the rows passes unseen. */
export const GROUP_UNAPPLIED_BYTES_MAX = 64 * 1_048_576;
/** Milliseconds between two checkpoints of a group’s rows: what a take-over has to read again, beside what gathers. */
export const GROUP_CHECKPOINT_MS = 1_000;
/** Milliseconds until what an engine that is away did not do is tried again. */
export const GROUP_RETRY_MS = 250;
/** Bytes of envelopes in one chunk of an inbox’s rows, a partition of their store; one envelope may pass it. Some hundred partitions then hold INBOX_BYTES_MAX. */
export const GROUP_CHUNK_BYTES = 16 * 1_048_576;
/** Inboxes that are measured at a time before changes are put into their rows. */
export const GROUP_MEASURES_MAX = 64;
/** Bytes of one commit of a copy from store to store, which one envelope may pass: one entry of a group’s log. */
export const COPY_BATCH_BYTES = 1_048_576;
/** Files an edge keeps for what is not a client: its listeners and event loop, 64 admin connections, REFUSED_CONNECTIONS_MAX; one more for each owner it may link to. */
export const EDGE_FILES_RESERVED = 128;
/** Connections over the limit that may wait to be told so, milliseconds each may take to speak, and the delay it is asked to keep. */
export const REFUSED_CONNECTIONS_MAX = 32;
export const REFUSAL_WAIT_MS = 2_000;
export const REFUSAL_RETRY_MS = 1_000;
/** Times a handler may fail on an acknowledged message before it is set aside (X3), and milliseconds between two tries. */
export const HANDLER_TRIES_MAX = 3;
export const HANDLER_RETRY_MS = 500;
/** Envelopes that one core keeps set aside: some 0.7 KB of memory each, and at most 1 GiB of its log. */
export const DEAD_LETTERS_MAX = 1_000;

export * from './limits-directory.ts';
export * from './limits-log.ts';
export * from './limits-presence.ts';
export * from './limits-store.ts';
export * from './limits-turns.ts';
export * from './limits-wire.ts';
