/**
 * What is counted (D11). messages: what one user sends. requests: what one user asks and signals beside messages. connections: those of one
 * address that end without a login. failedLogins: logins of one address that are refused.
 */
export const RATE_LIMITS = ['messages', 'requests', 'connections', 'failedLogins'] as const;
export type RateLimit = (typeof RATE_LIMITS)[number];

/** How many a minute; what is left out is not limited. */
export type RatesPerMinute = Readonly<Partial<Record<RateLimit, number>>>;

/**
 * Limits over a sliding minute: of no user and no address more than its limit counts in any 60 s, but that the last of them may be a batch that
 * passes it. The answer comes at once, from what this edge knows; where edges share what they count, the others’ is known a second later.
 */
export interface RateLimits {
  /** Counts `count` and gives 0 while the minute has room; otherwise counts nothing and gives the milliseconds until it has. A Buffer is a name, one byte a character. */
  take(limit: RateLimit, key: string | Buffer, count?: number): number;
  /** What `take` would answer. */
  waitMs(limit: RateLimit, key: string | Buffer): number;
  close(): void;
}
