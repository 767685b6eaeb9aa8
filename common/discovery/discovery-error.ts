/**
 * - `bad_name`: not the name of a service
 * - `unavailable`: neither the agent nor its file could be read
 * - `no_address`: no instance of the service runs, or all have been tried
 * - `closed`: the discovery has been closed
 */
export type DiscoveryErrorCode = 'bad_name' | 'unavailable' | 'no_address' | 'closed';

/** The client's own error, since a business service carries none of the platform's code along. Branch on `code`. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError';
  readonly code: DiscoveryErrorCode;

  constructor(code: DiscoveryErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
