import * as z from 'zod';
import { releaseSchema } from '../domain/release.ts';
import { wireErrorSchema } from './errors.ts';

/**
 * Plain HTTP on the master's port, for bulk bytes and for machines. Every call but `/healthz` and `/readyz` carries
 * `Authorization: Bearer <token>` (RFC 6750); errors answer with `httpErrorSchema` as JSON.
 *
 * - `POST /v1/services/:name/packages?version=…&message=…` — role `operator`. Body: the archive. Header `x-sgrid-sha256`
 *   is optional and checked when given. 201 with `uploadResultSchema`, or 200 with it when
 *   this version of the service has this very content already.
 *   An upload with that header that is cut off can be carried on, for a day: header `upload-offset: N` (as in
 *   draft-ietf-httpbis-resumable-upload) says that the body begins at byte N; 409 when the master has another number.
 * - `HEAD /v1/uploads/:sha256` — role `operator`. How much the master has of an upload: header `upload-offset`; 404 for none.
 * - `GET /v1/packages/:sha256` — role `agent`. The archive; supports `Range: bytes=N-` (RFC 9110 14.2).
 * - `GET /metrics` — role `viewer`. Prometheus text format.
 * - `GET /readyz` — 200 `{"ready":true,"reasons":[]}`, or 503 with the reasons, without a token.
 * - `GET /healthz` — 200 `{"status":"ok","version":…}` without a token.
 */
export const HTTP_PATHS = {
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
  upload: (serviceName: string) => `/v1/services/${encodeURIComponent(serviceName)}/packages`,
  uploadOffset: (sha256: string) => `/v1/uploads/${sha256}`,
  package: (sha256: string) => `/v1/packages/${sha256}`,
} as const;

export const SHA256_HEADER = 'x-sgrid-sha256';
export const OFFSET_HEADER = 'upload-offset';

export const uploadResultSchema = z.object({ release: releaseSchema });
export const httpErrorSchema = z.object({ error: wireErrorSchema });
export const healthSchema = z.object({ status: z.literal('ok'), version: z.string() });
