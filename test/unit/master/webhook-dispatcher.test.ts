import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { SgridEvent } from '../../../common/domain/event.ts';
import { createWebhookDispatcher } from '../../../master/webhooks/dispatcher.ts';

const HOUR_MS = 3_600_000;

test('an event of a clock that is a year ahead is given up after a day too, and holds up the others no longer', async () => {
  let now = 1_000_000_000_000;
  const about = { actor: 'agent', result: 'ok', instanceId: null, nodeId: 1, serviceId: null } as const;
  const events: SgridEvent[] = [now + 365 * 24 * HOUR_MS, now].map((at, index) => ({
    ...about,
    eventId: `e${index}`,
    seq: index + 1,
    at,
    kind: 'instance.exited',
    message: '',
  }));
  const isTold = Promise.withResolvers<void>();
  let attempts = 0;
  const dispatcher = createWebhookDispatcher({
    webhooks: [{ name: 'a', url: 'http://a.test/', secret: 's', kinds: ['instance.exited'] }],
    store: {
      placeOf: async () => 0,
      advance: async () => {},
      eventsBehind: async (seq) => events.filter((event) => event.seq > seq),
    },
    logger: pino({ level: 'silent' }),
    now: () => now,
    random: () => 0,
    retryDelay: () => {
      now += HOUR_MS;
      return 0;
    },
    fetch: async (_url, init) => {
      if (new Headers(init?.headers).get('x-sgrid-delivery') === 'e1') {
        isTold.resolve();
        return new Response();
      }
      attempts += 1;
      // Far beyond a day of attempts: this one never ends by itself.
      if (attempts > 100) isTold.reject(new Error('the first is tried for ever'));
      return new Response(null, { status: 503 });
    },
  });
  try {
    await isTold.promise;
    expect(attempts).toBeGreaterThan(20);
  } finally {
    await dispatcher.close();
  }
});
