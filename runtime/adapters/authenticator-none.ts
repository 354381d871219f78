import type { Authenticator } from '../ports/authenticator.ts';

/** Believes every name. The config’s validator allows it for local nodes only (A1). */
export const trustingAuthenticator: Authenticator = {
  authenticate() {
    return;
  },
};
