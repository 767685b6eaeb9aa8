import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { sha256Schema } from '../../common/domain/names.ts';
import { roleIncludes } from '../../common/domain/role.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { HTTP_PATHS, OFFSET_HEADER } from '../../common/protocol/http.ts';
import { type Authority, addressOfPeer, demandRole, type Identity } from '../access/authority.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { sendPackage } from './download.ts';
import type { OpenRequests } from './open-requests.ts';
import type { PackageStore } from './package-store.ts';
import { sendError, sendJson } from './respond.ts';
import type { Uploads } from './upload.ts';

const PACKAGE_PATH = /^\/v1\/packages\/([^/]+)$/;
const OFFSET_PATH = /^\/v1\/uploads\/([0-9a-f]{64})$/;
const UPLOAD_PATH = /^\/v1\/services\/([^/]+)\/packages$/;

/** Plain HTTP on the master's port; see common/protocol/http.ts. */
export function createHttpListener(deps: {
  authority: Authority;
  packages: PackageStore;
  uploads: Uploads;
  metrics: Pick<Metrics, 'contentType' | 'render'>;
  openRequests: Pick<OpenRequests, 'hold'>;
  /** Why the master cannot do its job; empty when it can. */
  unready: () => Promise<string[]>;
  version: string;
  logger: Logger;
}): RequestListener {
  const { authority, packages, uploads, metrics, openRequests, unready, version, logger } = deps;

  const identify = (request: IncomingMessage, response: ServerResponse): Identity => {
    const identity = authority.authenticate(
      // The scheme's name is case-insensitive (RFC 9110 11.1).
      /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1],
      addressOfPeer(request.socket.remoteAddress),
    );
    openRequests.hold(identity.actor, response);
    return identity;
  };

  const upload = async (
    request: IncomingMessage,
    response: ServerResponse,
    serviceName: string,
    query: URLSearchParams,
  ): Promise<void> => {
    const identity = identify(request, response);
    demandRole(identity, 'operator', 'uploading a package');
    const accept = (): void => {
      if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    };
    const { release, created } = await uploads.receive(request, { serviceName, query }, identity, accept);
    sendJson(response, created ? 201 : 200, { release });
  };

  const tellOffset = async (
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
  ): Promise<void> => {
    demandRole(identify(request, response), 'operator', 'uploading a package');
    const bytes = await packages.partBytes(sha256);
    response
      .writeHead(bytes === 0 ? 404 : 200, { [OFFSET_HEADER]: bytes, 'cache-control': 'no-store' })
      .end();
  };

  const download = async (
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
  ): Promise<void> => {
    const identity = identify(request, response);
    if (!roleIncludes(identity.role, 'operator')) demandRole(identity, 'agent', 'downloading a package');
    if (!sha256Schema.safeParse(sha256).success) {
      throw new SgridError('bad_request', said`a package is named by its sha256 in lower-case hex`);
    }
    await sendPackage(packages, sha256, request, response);
  };

  const sendMetrics = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    demandRole(identify(request, response), 'viewer', 'reading metrics');
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
    await pipeline(Readable.from(metrics.render()), response);
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = parseTarget(request.url);
    const { method } = request;
    const reading = method === 'GET' || method === 'HEAD';
    const [, sha256] = PACKAGE_PATH.exec(pathname) ?? [];
    const [, announced] = OFFSET_PATH.exec(pathname) ?? [];
    const [, encodedName] = UPLOAD_PATH.exec(pathname) ?? [];
    if (pathname === HTTP_PATHS.health && reading) sendJson(response, 200, { status: 'ok', version });
    else if (pathname === HTTP_PATHS.ready && reading) {
      const reasons = await unready();
      sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    } else if (pathname === HTTP_PATHS.metrics && reading) await sendMetrics(request, response);
    else if (announced !== undefined && method === 'HEAD') await tellOffset(request, response, announced);
    else if (sha256 !== undefined && reading) await download(request, response, sha256);
    else if (encodedName !== undefined && method === 'POST') {
      await upload(request, response, decodeName(encodedName), searchParams);
    } else throw new SgridError('not_found', said`there is no ${String(method)} ${pathname.slice(0, 200)}`);
  };

  return (request, response) => {
    route(request, response).catch((error: unknown) => {
      const { code, message } = toWireError(error);
      const log = code === 'internal' && !response.destroyed ? 'error' : 'info';
      logger[log]({ method: request.method, code, message }, 'HTTP request failed');
      sendError(request, response, error);
    });
  };
}

function parseTarget(target: string | undefined): URL {
  const url = URL.parse(target ?? '', 'http://master');
  if (url === null) throw new SgridError('bad_request', said`the request target is no URL`);
  return url;
}

function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new SgridError('bad_request', said`the service name is not percent-encoded UTF-8`);
  }
}
