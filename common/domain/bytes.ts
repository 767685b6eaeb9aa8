import * as z from 'zod';

/** Socket.IO sends binary data as a message of its own behind the one it belongs to: so few are quicker within that, as base64. */
const MAX_INLINE_BYTES = 4096;
const MAX_INLINE_LENGTH = Math.ceil(MAX_INLINE_BYTES / 3) * 4;

/** Bytes in a message: as binary data, or base64 (RFC 4648, section 4). Read as bytes either way. */
export const bytesSchema = z.union([
  z.instanceof(Uint8Array),
  z
    .base64()
    .max(MAX_INLINE_LENGTH)
    .transform((text): Uint8Array<ArrayBuffer> => Buffer.from(text, 'base64')),
]);

/** How bytes are best sent: for whoever answers with what `bytesSchema` reads. */
export function toWireBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | string {
  if (bytes.byteLength > MAX_INLINE_BYTES) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
