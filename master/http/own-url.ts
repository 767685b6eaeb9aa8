import { firstAddress } from '../../common/system/own-address.ts';
import type { Certificate } from './certificate.ts';

/** The address of this master as agents and cockpits are told it, with the pin of the certificate. */
export function ownUrl(
  host: string,
  port: number,
  certificate: Pick<Certificate, 'fingerprint'> | null,
): string {
  const reachable = host === '0.0.0.0' || host === '::' ? firstAddress() : host;
  const authority = `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  return certificate === null
    ? `http://${authority}`
    : `https://${authority}#sha256:${certificate.fingerprint}`;
}
