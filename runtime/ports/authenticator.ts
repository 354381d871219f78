/** Decides whether a login is who it says it is (L5). */
export interface Authenticator {
  /** @throws IrisError AUTHENTICATION_FAILED with a reason that names no secret. */
  authenticate(user: string, token: string): void;
}
