import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { fingerprintOf } from '../../common/protocol/master-address.ts';
import { explainFileError, readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

export interface Certificate {
  /** PEM, the whole chain. */
  readonly cert: string;
  readonly key: string;
  /** Of the leaf: see `fingerprintOf`. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Long, since a certificate that is pinned has to be changed everywhere at once. */
const VALID_YEARS = 10;

/**
 * The certificate that its owner brought.
 *
 * @throws SgridError `not_found` and `permission_denied` for the files, `bad_request` when they hold no certificate or do
 *   not belong together, or when it has expired.
 */
export function readCertificate(certFile: string, keyFile: string, now: number): Certificate {
  const cert = readRequired(certFile);
  const key = readRequired(keyFile);
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch (cause) {
    throw new SgridError('bad_request', said`${certFile} holds no certificate in PEM`, { cause });
  }
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('they do not belong together');
  } catch (cause) {
    throw new SgridError('bad_request', said`${keyFile} is not the private key of ${certFile}`, {
      hint: said`name the PEM file of the key without a passphrase`,
      cause,
    });
  }
  if (leaf.validToDate.getTime() < now) {
    throw new SgridError('bad_request', said`the certificate ${certFile} expired on ${leaf.validTo}`, {
      hint: said`renew it; for one that sgridnext made, remove the file, start again, and give out the new address`,
    });
  }
  return { cert, key, fingerprint: fingerprintOf(leaf.raw), expiresAt: leaf.validToDate.getTime() };
}

/**
 * The certificate in `directory`, made there at the first start. No authority signs it: agents and cockpits know it by
 * its fingerprint.
 */
export async function ownCertificate(directory: string, now: number): Promise<Certificate> {
  const certFile = join(directory, 'master.crt');
  const keyFile = join(directory, 'master.key');
  // The certificate is written last: a key without one is what a kill in between left.
  if (readFileIfThere(certFile) === null) await makeCertificate(directory, certFile, keyFile, now);
  return readCertificate(certFile, keyFile, now);
}

async function makeCertificate(
  directory: string,
  certFile: string,
  keyFile: string,
  now: number,
): Promise<void> {
  // Loaded only here: it takes longer than everything else of a start. Bundled, a CommonJS module that is imported when it
  // is needed has no named exports.
  const { generate } = (await import('selfsigned')).default;
  const notAfterDate = new Date(now);
  notAfterDate.setFullYear(notAfterDate.getFullYear() + VALID_YEARS);
  const made = await generate([{ name: 'commonName', value: 'sgridnext' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Clocks of a fleet differ.
    notBeforeDate: new Date(now - 86_400_000),
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: hostname() }] },
    ],
  });
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileAtomic(keyFile, made.private, 0o600);
    writeFileAtomic(certFile, made.cert, 0o644);
  } catch (error) {
    throw explainFileError(error, directory);
  }
}

function readRequired(file: string): string {
  const text = readFileIfThere(file);
  if (text !== null) return text;
  throw new SgridError('not_found', said`there is no file ${file}`, {
    hint: said`name the PEM files of the certificate and of its key`,
  });
}
