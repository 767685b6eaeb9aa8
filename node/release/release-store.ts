import type { ReleaseRef } from '../../common/domain/release.ts';

/**
 * Fetches `sha256` from byte `offset` on. The agent's own is HTTP from the master. A piece is valid until the next one is
 * asked for.
 */
export type FetchPackage = (
  sha256: string,
  offset: number,
  signal: AbortSignal,
) => Promise<AsyncIterable<Uint8Array>>;

/** Unpacked releases on this node: one directory per service and sha256, shared by the instances that run it. */
export interface ReleaseStore {
  /**
   * Fetches, verifies and unpacks unless it is there; concurrent calls for one release share the work. A crash at
   * any moment leaves either the whole release or nothing that would be taken for one.
   *
   * @throws SgridError `checksum_mismatch`, `package_invalid`, `no_space`, `disconnected`
   */
  prepare(
    serviceName: string,
    release: ReleaseRef,
    onProgress?: (receivedBytes: number) => void,
  ): Promise<{ directory: string; alreadyThere: boolean }>;
  /** The directory of an unpacked release, or null. */
  find(serviceName: string, release: ReleaseRef): Promise<string | null>;
  /** Points the symbolic link `linkPath` at a directory by atomic rename. */
  switchCurrent(linkPath: string, directory: string): Promise<void>;
  /** Services of which there is any release. */
  services(): Promise<string[]>;
  /** Removes all but the newest `keep` releases of a service that are not in `inUse` (directories). */
  prune(serviceName: string, inUse: ReadonlySet<string>, keep: number): Promise<void>;
}
