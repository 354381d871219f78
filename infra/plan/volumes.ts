/** Gibibytes of a group’s volume: inboxes and outbox of the embedded foundation’s small environments; eight full inboxes, and it can grow in place. */
export const GROUP_VOLUME_GIBIBYTES = 64;
/** Gibibytes of a node’s root volume: system, runtime and logs. */
export const ROOT_VOLUME_GIBIBYTES = 8;
