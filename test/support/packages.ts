import { createHash } from 'node:crypto';
import { Header } from 'tar';
import { type Release, releaseSchema } from '../../common/domain/release.ts';
import { fromWireError } from '../../common/protocol/errors.ts';
import {
  HTTP_PATHS,
  httpErrorSchema,
  SHA256_HEADER,
  uploadResultSchema,
} from '../../common/protocol/http.ts';
import type { TestMaster } from './master.ts';

/** A tar archive of these files, made byte by byte, so that it can also hold what no tool would write. */
export function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const blocks: Buffer[] = [];
  for (const [path, content] of Object.entries(files)) {
    const body = Buffer.from(content);
    const header = Buffer.alloc(512);
    new Header({ path, mode: 0o644, size: body.length, mtime: new Date(0), type: 'File' }).encode(header, 0);
    blocks.push(header, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Uploads over HTTP. @throws SgridError that the master answered with. */
export async function uploadPackage(
  master: Pick<TestMaster, 'url' | 'token'>,
  upload: { serviceName: string; version: string; content: Uint8Array; message?: string; sha256?: string },
): Promise<Release> {
  const query = new URLSearchParams({ version: upload.version, message: upload.message ?? '' });
  const response = await fetch(`${master.url}${HTTP_PATHS.upload(upload.serviceName)}?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${master.token('operator')}`,
      ...(upload.sha256 === undefined ? {} : { [SHA256_HEADER]: upload.sha256 }),
    },
    body: Buffer.from(upload.content),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw fromWireError(httpErrorSchema.parse(body).error);
  return releaseSchema.parse(uploadResultSchema.parse(body).release);
}
