import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { SgridEvent } from '../../common/domain/event.ts';
import type { WebhookRepository } from '../store/webhooks.ts';
import { retryDelayMs, signatureOf, toldKind, type Webhook } from './webhook.ts';

type ToldEvent = Omit<SgridEvent, 'kind'> & { kind: Webhook['kinds'][number] };

/** Tells other systems of events, each in its own time: nobody in the master waits for it. */
export interface WebhookDispatcher {
  /** There are new events. */
  wake(): void;
  close(): Promise<void>;
}

const PAGE = 200;
const ATTEMPT_TIMEOUT_MS = 10_000;
/** An event that could not be delivered for so long is news no more: the next one is. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * Delivers in order, one after another, and goes on behind the last one that was taken, also after a restart. One that was taken
 * right before a kill is sent again: `x-sgrid-delivery` is the same then.
 */
export function createWebhookDispatcher(deps: {
  webhooks: readonly Webhook[];
  store: WebhookRepository;
  logger: Logger;
  now: () => number;
  random: () => number;
  fetch: typeof fetch;
  retryDelay?: (failures: number, random: number) => number;
}): WebhookDispatcher {
  const { webhooks, store, logger, now, random, fetch, retryDelay = retryDelayMs } = deps;
  const closed = new AbortController();
  const { signal } = closed;
  let news = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => news.resolve());

  const attempt = async ({ url, secret }: Webhook, event: ToldEvent): Promise<void> => {
    const body = JSON.stringify({ event });
    const timestamp = Math.floor(now() / 1000);
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'sgridnext',
        'x-sgrid-delivery': event.eventId,
        'x-sgrid-timestamp': String(timestamp),
        'x-sgrid-signature': signatureOf(secret, timestamp, body),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  };

  const pause = async (failures: number): Promise<void> =>
    sleep(retryDelay(failures, random()), undefined, { signal }).catch(() => undefined);

  const deliver = async (webhook: Webhook, event: ToldEvent): Promise<void> => {
    // The clock may have been far ahead when it came: the others would wait behind it for as long.
    const at = Math.min(event.at, now());
    for (let failures = 0; ; ) {
      try {
        return await attempt(webhook, event);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const told = { webhook: webhook.name, seq: event.seq, failures, err: error };
        if (now() - at > GIVE_UP_AFTER_MS) {
          logger.error(told, 'a webhook was not told of an event: it did not take it for a day');
          return;
        }
        logger.warn(told, 'a webhook did not take an event; it is tried again');
        await pause(failures);
        if (signal.aborted) return;
      }
    }
  };

  const serve = async (webhook: Webhook, onProgress: () => void): Promise<void> => {
    let place = await store.placeOf(webhook.name);
    while (!signal.aborted) {
      // Taken first: what comes while they are read rings for the next turn.
      const ring = news.promise;
      const events = await store.eventsBehind(place, PAGE);
      for (const event of events) {
        const kind = toldKind(webhook, event);
        if (kind !== null) await deliver(webhook, { ...event, kind });
        if (signal.aborted) return;
        place = event.seq;
        if (kind !== null) await store.advance(webhook.name, place);
      }
      if (events.length > 0) await store.advance(webhook.name, place);
      onProgress();
      if (events.length === 0) await ring;
    }
  };

  // The database may refuse, on a full disk for one: it goes on from the place that was kept once that is over.
  const keepServing = async (webhook: Webhook): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await serve(webhook, () => {
          failures = 0;
        });
      } catch (err) {
        failures += 1;
        logger.error({ err, webhook: webhook.name, failures }, 'a webhook cannot go on; it is tried again');
        await pause(failures);
      }
    }
  };

  const serving = webhooks.map(keepServing);
  return {
    wake() {
      const { resolve } = news;
      news = Promise.withResolvers();
      resolve();
    },
    async close() {
      closed.abort();
      news.resolve();
      await Promise.all(serving);
    },
  };
}
