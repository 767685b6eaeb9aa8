import { join, resolve } from 'node:path';
import { SgridError } from '../common/protocol/errors.ts';
import { isLoopback } from '../common/system/own-address.ts';
import type { MasterConfig } from './config.ts';
import { type Certificate, ownCertificate, readCertificate } from './http/certificate.ts';

/**
 * The certificate that the configuration asks for, or null for plain text.
 *
 * @throws SgridError `bad_request` for plain text on an address that others can reach, and for half a certificate; those of
 *   reading and making one.
 */
export async function certificateOf(
  config: Pick<MasterConfig, 'tls' | 'tlsCertFile' | 'tlsKeyFile' | 'host' | 'allowPlainText'>,
  stateDir: string,
  now: number,
): Promise<Certificate | null> {
  const { tls, tlsCertFile, tlsKeyFile, host, allowPlainText } = config;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new SgridError('bad_request', 'tlsCertFile and tlsKeyFile go together, and one of them is missing');
  }
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined)
    return readCertificate(resolve(tlsCertFile), resolve(tlsKeyFile), now);
  if (tls) return await ownCertificate(join(stateDir, 'tls'), now);
  if (allowPlainText || isLoopback(host)) return null;
  throw new SgridError('bad_request', `without TLS, tokens could be read on their way to ${host}`, {
    hint: 'set "tls": true (sgridnext makes a certificate), or "allowPlainText": true where the network is trusted',
  });
}
