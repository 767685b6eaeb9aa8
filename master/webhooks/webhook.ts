import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { eventKindSchema, type SgridEvent } from '../../common/domain/event.ts';

/** What a webhook can be told of: kinds of events, and a rollout's end only where it failed. */
const webhookKindSchema = z.union([eventKindSchema, z.literal('rollout.failed')]);

/** An entry of `webhooks` in the config file. */
export const webhookSchema = z.strictObject({
  /** By which its place among the events is kept: another name begins anew. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name of letters, digits, ".", "_" and "-"'),
  url: z.url({ protocol: /^https?$/ }),
  /** File with the secret that signs. */
  secretFile: z.string().min(1),
  kinds: z
    .array(webhookKindSchema)
    .min(1)
    .default([
      'instance.exited',
      'instance.crash-loop',
      'instance.oom',
      'instance.unhealthy',
      'node.lost',
      'rollout.failed',
    ]),
});
export type WebhookConfig = z.output<typeof webhookSchema>;
export type Webhook = Omit<WebhookConfig, 'secretFile'> & { secret: string };

/** The kind that an event is told as; null for one that is not wanted. */
export function toldKind(
  { kinds }: Pick<Webhook, 'kinds'>,
  { kind, result }: Pick<SgridEvent, 'kind' | 'result'>,
): Webhook['kinds'][number] | null {
  if (kind === 'rollout.finished' && result === 'failed' && kinds.includes('rollout.failed'))
    return 'rollout.failed';
  return kinds.includes(kind) ? kind : null;
}

/**
 * `sha256=` and the HMAC-SHA256 (RFC 2104) of `<timestamp>.<body>` in hex. The time is signed with it, so that whoever checks it can
 * refuse what was recorded and is sent again.
 */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 300_000;

/** Doubled with each failure, and up to a half more, so that several do not come together. @param random in [0, 1) */
export function retryDelayMs(failures: number, random: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(30, failures - 1)) * (1 + random / 2);
}
