import { createHash } from 'node:crypto';
import type { ClientRequest, RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { said, type Told } from '../domain/said.ts';
import { request as httpRequest } from '../system/node-http.ts';
import { isLoopback } from '../system/own-address.ts';
import { SgridError } from './errors.ts';

/** Where a master is, and how it is known to be the right one. */
export interface MasterAddress {
  /** Scheme, host and port, for example `https://10.0.0.1:15872`. */
  readonly origin: string;
  /** sha256 of its certificate in lower-case hex, or null to trust what the system's authorities vouch for. */
  readonly fingerprint: string | null;
  /** As it was written, with the fingerprint. */
  readonly text: string;
}

const FINGERPRINT = /^#sha256:([0-9a-f]{64})$/;

/**
 * Reads `https://host:port#sha256:<64 hex digits>`: the fragment pins the certificate, so that one value that is copied from the
 * master's log is all that an agent or a cockpit needs to trust a certificate which no authority has signed. Without a
 * scheme it is http.
 *
 * @throws SgridError `bad_request` for everything else, also for a pin without TLS.
 */
export function parseMasterAddress(text: string): MasterAddress {
  const withScheme = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw badAddress(said`"${text}" is not the address of a master`);
  if (url.hash === '') return { origin: url.origin, fingerprint: null, text: url.origin };
  const [, fingerprint] = FINGERPRINT.exec(url.hash) ?? [];
  if (fingerprint === undefined)
    throw badAddress(said`"${url.hash}" is not the fingerprint of a certificate`);
  if (url.protocol !== 'https:') throw badAddress(said`"${text}" has a fingerprint, but is not encrypted`);
  return { origin: url.origin, fingerprint, text: `${url.origin}${url.hash}` };
}

/** Whether others on the way could read what is sent there, the token with it. */
export function isOpenToOthers({ origin }: MasterAddress): boolean {
  const { protocol, hostname } = new URL(origin);
  // An IPv6 address stands in brackets there.
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function badAddress(message: Told): SgridError {
  return new SgridError('bad_request', message, {
    hint: said`write http://host:15872, or https://host:15872#sha256:<fingerprint> as the master prints it at its start`,
  });
}

/** sha256 of a certificate in DER, as `openssl x509 -fingerprint -sha256` prints it, in lower-case hex without colons. */
export function fingerprintOf(certificateDer: Uint8Array): string {
  return createHash('sha256').update(certificateDer).digest('hex');
}

/**
 * The agent for connections to a master whose certificate is pinned; undefined where the usual checks hold. One for
 * HTTP and WebSocket alike.
 */
export function agentFor(address: MasterAddress): Agent | undefined {
  return address.fingerprint === null ? undefined : createPinnedAgent(address.fingerprint);
}

/** `http.request` or `https.request`, whichever the master speaks, with its certificate checked. */
export function requestMaster(address: MasterAddress, path: string, options: RequestOptions): ClientRequest {
  const url = new URL(path, address.origin);
  if (url.protocol === 'http:') return httpRequest(url, options);
  const agent = agentFor(address);
  return httpsRequest(url, agent === undefined ? options : { ...options, agent });
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * A connection is handed over only after its certificate was found to be the right one: a request that is written into a
 * TLS socket leaves with the end of the handshake, ahead of every listener, and with it the token.
 */
function createPinnedAgent(fingerprint: string): Agent {
  const agent = new Agent();
  agent.createConnection = (options, done) => {
    const socket = connect({
      ...options,
      // The pin says more than any authority could, and holds for every name that the master is reached by.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    } as ConnectionOptions);
    const fail = (error: Error): void => {
      socket.destroy();
      done?.(error, socket);
    };
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => fail(new Error('the TLS handshake took too long')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      const problem = problemOf(socket, fingerprint);
      if (problem === null) done?.(null, socket);
      else fail(problem);
    });
    return undefined;
  };
  return agent;
}

function problemOf(socket: TLSSocket, fingerprint: string): Error | null {
  const shown = socket.getPeerX509Certificate();
  const found = shown === undefined ? 'none' : fingerprintOf(shown.raw);
  if (found === fingerprint) return null;
  return new SgridError(
    'unauthenticated',
    said`the master shows another certificate (sha256:${found}) than the pinned one`,
    {
      hint: said`somebody may be in between; if the certificate was renewed, take the new address from the log of sgridnext`,
    },
  );
}
