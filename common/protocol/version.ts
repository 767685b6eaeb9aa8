/**
 * Version of the wire protocol, sent in every handshake.
 *
 * Raised whenever something changes that a peer of the version before could misread. Peers one version apart work
 * together, in both directions, so that master, agents and cockpits can be upgraded one after another; what that asks of a
 * change is in CONTRIBUTING.md. Any other peer is refused with `protocol_mismatch`, before any event is handled.
 */
export const PROTOCOL_VERSION = 1;

/** How far apart two peers may be. */
const SUPPORTED_DISTANCE = 1;

/** Whether a peer that says this of itself in its hello can be talked to. */
export function isSupportedVersion(claimed: unknown): boolean {
  return (
    typeof claimed === 'number' &&
    Number.isSafeInteger(claimed) &&
    Math.abs(claimed - PROTOCOL_VERSION) <= SUPPORTED_DISTANCE
  );
}

/** For people: "0 to 2". */
export function supportedVersions(): string {
  return `${PROTOCOL_VERSION - SUPPORTED_DISTANCE} to ${PROTOCOL_VERSION + SUPPORTED_DISTANCE}`;
}
