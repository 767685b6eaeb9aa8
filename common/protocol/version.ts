/**
 * Version of the wire protocol, sent in every handshake.
 *
 * Raised whenever a message changes in a way that the other side could misread. A peer with another
 * version is refused with `protocol_mismatch`, on both sides, before any event is handled.
 */
export const PROTOCOL_VERSION = 1;
