/** Bytes of a commit that a simulated core works on at a time: two or three messages, so that whatever may come between two turns does. */
export const SIMULATED_TURN_BYTES = 1_500;
