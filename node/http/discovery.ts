import type { ServerResponse } from 'node:http';
import { serviceNameSchema } from '../../common/domain/names.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Registry } from '../registry/registry.ts';
import type { LocalHandler } from './local-server.ts';
import { sendError, sendText } from './respond.ts';
import { createServiceDocuments, type Document } from './service-documents.ts';

/** Answers for discovery until what runs on this machine is known. */
export const discoveryNotReady: LocalHandler = ({ pathname }) => {
  if (!pathname.startsWith(PREFIX)) return false;
  throw new SgridError('busy', 'the agent is starting', { hint: 'try again in a second' });
};

/** Discovery for programs on this machine; see docs/DISCOVERY.md. */
export interface DiscoveryEndpoint {
  /** `GET /v1/services` and `GET /v1/services/:name`, each with `?wait=` and `If-None-Match`. */
  readonly handler: LocalHandler;
  /** Requests that wait for a change. */
  waiting(): number;
  /** Answers all that wait. */
  close(): void;
}

interface Waiter {
  /** Answers if there is something new. */
  look(): void;
  /** Answers, whatever there is. */
  end(): void;
}

const PREFIX = '/v1/services';
const LONGEST_WAIT_MS = 300_000;
/** Of one machine's services; each costs a socket and a timer. */
const MAX_WAITERS = 1024;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Says whether the table is kept up to date by a master, or is as last known. */
const REGISTRY_HEADER = 'x-sgrid-registry';

export function createDiscoveryEndpoint(
  registry: Registry,
  nodeId: number,
  maxWaiters = MAX_WAITERS,
): DiscoveryEndpoint {
  // First, so that documents are made anew before those who wait look at them.
  const documents = createServiceDocuments(registry, nodeId);
  const waiters = new Set<Waiter>();
  const stop = registry.listen(() => {
    for (const waiter of [...waiters]) waiter.look();
  });

  function answer(response: ServerResponse, { text, etag }: Document, tags: string | undefined): void {
    const headers = { etag, [REGISTRY_HEADER]: registry.isCurrent() ? 'current' : 'last-known' };
    if (matches(tags, etag)) response.writeHead(304, headers).end();
    else sendText(response, 200, text, headers);
  }

  function wait(response: ServerResponse, document: () => Document, tags: string, waitMs: number): void {
    if (waiters.size >= maxWaiters) {
      throw new SgridError('busy', `${waiters.size} requests wait for changes already`, {
        hint: 'use one watch per service and program, and try again in a second',
      });
    }
    const forget = (): void => {
      clearTimeout(timer);
      waiters.delete(waiter);
    };
    const end = (): void => {
      forget();
      answer(response, document(), tags);
    };
    const waiter = {
      end,
      look() {
        if (!matches(tags, document().etag)) end();
      },
    };
    const timer = setTimeout(end, waitMs);
    waiters.add(waiter);
    response.once('close', forget);
  }

  return {
    waiting: () => waiters.size,
    handler(url, request, response) {
      const document = documentOf(url.pathname);
      if (document === null) return false;
      try {
        const waitMs = parseWait(url.searchParams);
        const tags = request.headers['if-none-match'];
        if (waitMs > 0 && tags !== undefined && matches(tags, document().etag))
          wait(response, document, tags, waitMs);
        else answer(response, document(), tags);
      } catch (error) {
        sendError(response, error);
      }
      return true;
    },
    close() {
      stop();
      for (const waiter of [...waiters]) waiter.end();
      documents.close();
    },
  };

  function documentOf(pathname: string): (() => Document) | null {
    if (pathname === PREFIX || pathname === `${PREFIX}/`) return documents.all;
    if (!pathname.startsWith(`${PREFIX}/`)) return null;
    return () => documents.service(parseName(pathname.slice(PREFIX.length + 1)));
  }
}

function parseName(encoded: string): string {
  const parsed = serviceNameSchema.safeParse(encoded);
  if (parsed.success) return parsed.data;
  throw new SgridError('bad_request', `"${encoded.slice(0, 100)}" is not the name of a service`, {
    hint: parsed.error.issues[0]?.message,
  });
}

/** `30s`, `500ms` or `1m`; 0 without one. */
function parseWait(query: URLSearchParams): number {
  for (const key of query.keys()) {
    if (key === 'wait') continue;
    throw new SgridError('bad_request', `unknown parameter "${key.slice(0, 100)}"`, { hint: 'known: wait' });
  }
  const text = query.get('wait');
  if (text === null) return 0;
  const [, count, unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const waitMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (waitMs <= LONGEST_WAIT_MS) return waitMs;
  throw new SgridError('bad_request', `wait: "${text.slice(0, 100)}" is not a time that can be waited`, {
    hint: 'such as 30s, 500ms or 1m; at most 5m',
  });
}

/** `If-None-Match` against a tag, by weak comparison: RFC 9110 13.1.2 and 8.8.3.2. */
function matches(tags: string | undefined, etag: string): boolean {
  if (tags === undefined) return false;
  if (tags.trim() === '*') return true;
  const listed: readonly string[] = tags.match(/"[^"]*"/g) ?? [];
  return listed.includes(etag);
}
