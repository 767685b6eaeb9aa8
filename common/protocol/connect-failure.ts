import { messageOf, said, type Told } from '../domain/said.ts';
import { SgridError } from './errors.ts';

/** Why a Socket.IO client could not connect, where nobody answered it. */
export interface ConnectFailure {
  reason: Told;
  /** Only where the cause knows what to do, as a wrong certificate does. */
  hint?: Told;
}

/** The transport's error hides its cause in `description`: an event of ws with the `error`, or the error itself. */
export function explainConnectFailure(error: Error): ConnectFailure {
  const description: unknown = (error as { description?: unknown }).description;
  if (typeof description !== 'object' || description === null) return { reason: error.message };
  const cause: unknown = 'error' in description ? description.error : description;
  if (cause instanceof SgridError)
    return {
      reason: messageOf(cause),
      ...(cause.hint !== undefined && { hint: cause.saidHint ?? cause.hint }),
    };
  const untrusted = untrustedCertificate(cause);
  if (untrusted !== null) return untrusted;
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED') return { reason: said`connection refused` };
  const encryption = otherEncryption(code);
  if (encryption !== null) return encryption;
  const message = (cause as { message?: unknown } | null)?.message;
  return { reason: typeof message === 'string' && message !== '' ? message : error.message };
}

/** A server of TLS hangs up on what begins in plain text; OpenSSL takes a plain answer for a record of an unknown version. */
function otherEncryption(code: unknown): ConnectFailure | null {
  switch (code) {
    case 'ECONNRESET':
      return {
        reason: said`the connection was cut before it was answered`,
        hint: said`where the master speaks TLS, its address begins with https://, as it is kept in <stateDir>/address`,
      };
    case 'EPROTO':
      return {
        reason: said`what answers does not speak TLS`,
        hint: said`where the master has no TLS, its address begins with http://`,
      };
    default:
      return null;
  }
}

/** What OpenSSL's verification ends with (x509 `X509_V_ERR_…`), and Node.js for another name. */
const UNTRUSTED = new Set<unknown>([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** A master that is there, but shows a certificate for which nobody vouches; null for every other failure. */
export function untrustedCertificate(cause: unknown): Required<ConnectFailure> | null {
  const { code } = (cause ?? {}) as { code?: unknown };
  if (!UNTRUSTED.has(code)) return null;
  return {
    reason: said`no authority that is trusted here vouches for its certificate (${String(code)})`,
    hint: said`give its address with the fingerprint, https://host:15872#sha256:…, as sgridnext logs it and keeps it in <stateDir>/address`,
  };
}
