import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentEvent, EventKind, SgridEvent } from '../../common/domain/event.ts';
import { english, said } from '../../common/domain/said.ts';
import { retryDelayMs, toldKind, webhookSchema } from '../../master/webhooks/webhook.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let directory: string;
let stateDir: string;
let receiver: Server;
let received: { event: SgridEvent; headers: IncomingHttpHeaders; body: string }[];
let status: number;
let master: TestMaster | null = null;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-webhooks-'));
  stateDir = newStateDir();
  writeFileSync(join(directory, 'secret'), 'hush\n', { mode: 0o600 });
  received = [];
  status = 204;
  receiver = createServer(async (request, response) => {
    const body = await text(request);
    received.push({ event: JSON.parse(body).event, headers: request.headers, body });
    response.writeHead(status).end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  await master?.close();
  receiver.closeAllConnections();
  receiver.close();
  for (const each of [directory, stateDir]) rmSync(each, { recursive: true, force: true });
});

const start = async (kinds?: string[]): Promise<TestMaster> => {
  const { port } = receiver.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hook`;
  const secretFile = join(directory, 'secret');
  const webhook = webhookSchema.parse({ name: 'alerts', url, secretFile, ...(kinds && { kinds }) });
  master = await startMaster({ stateDir, webhooks: [webhook] });
  return master;
};
const happens = (kind: EventKind, message: string): AgentEvent => ({
  eventId: crypto.randomUUID(),
  at: Date.now(),
  kind,
  instanceId: null,
  message,
});
const messages = () => received.map(({ event }) => event.message);

test('an event is told once, signed, and only when it is of the kinds that are wanted', async () => {
  const agent = createTestAgent(await start());
  await agent.connect();
  await agent.deliver([happens('instance.started', 'dull'), happens('instance.oom', 'hot')]);
  await agent.deliver([happens('instance.crash-loop', 'hotter')]);
  await waitFor('both', () => received.length === 2);
  expect(messages()).toEqual(['hot', 'hotter']);
  for (const { headers, body, event } of received) {
    const signed = `${headers['x-sgrid-timestamp']}.${body}`;
    const mac = createHmac('sha256', 'hush').update(signed).digest('hex');
    expect(headers['x-sgrid-signature']).toBe(`sha256=${mac}`);
    expect(headers['x-sgrid-delivery']).toBe(event.eventId);
    expect(Math.abs(Number(headers['x-sgrid-timestamp']) * 1000 - Date.now())).toBeLessThan(60_000);
  }
  agent.close();
  await waitFor('the loss', () => received.some(({ event }) => event.kind === 'node.lost'));
  expect(received).toHaveLength(3);
});

test('an event is told with the facts of its sentence, as the list of events has it', async () => {
  const agent = createTestAgent(await start());
  await agent.connect();
  const facts = said`${'web'} was killed ${2} times`;
  await agent.deliver([{ ...happens('instance.oom', english(facts)), said: facts }]);
  await waitFor('the event', () => received.length === 1);
  expect(received[0]?.event).toMatchObject({ message: 'web was killed 2 times', said: facts });
  agent.close();
});

test('what is not taken is sent again, in order; a restart of the master loses and repeats nothing', async () => {
  const first = await start(['instance.exited']);
  const agent = createTestAgent(first);
  await agent.connect();
  await agent.deliver([happens('instance.exited', 'one')]);
  await waitFor('one', () => received.length === 1);
  status = 503;
  await agent.deliver([happens('instance.exited', 'two'), happens('instance.exited', 'three')]);
  await waitFor('two attempts', () => messages().filter((message) => message === 'two').length >= 2);
  expect(messages()).not.toContain('three');
  agent.close();
  await first.close();
  master = null;
  received = [];
  status = 200;
  await start(['instance.exited']);
  await waitFor('the rest', () => received.length === 2);
  expect(messages()).toEqual(['two', 'three']);
});

test('a database that refuses for a while ends no webhook', async () => {
  const running = await start(['instance.exited']);
  const agent = createTestAgent(running);
  await agent.connect();
  const database = new Database(join(stateDir, 'sgridnext.db'));
  try {
    database.exec(`create trigger full before update on webhooks begin select raise(fail, 'full'); end`);
    await agent.deliver([happens('instance.exited', 'one')]);
    // Sent again, since its place could not be kept.
    await waitFor('one, twice', () => messages().filter((message) => message === 'one').length >= 2);
    database.exec('drop trigger full');
  } finally {
    database.close();
  }
  await agent.deliver([happens('instance.exited', 'two')]);
  await waitFor('two', () => messages().includes('two'));
  agent.close();
});

test('nobody waits for a receiver that does not answer', async () => {
  receiver.removeAllListeners('request');
  const asked = once(receiver, 'request');
  const running = await start();
  const agent = createTestAgent(running);
  await agent.connect();
  await agent.deliver([happens('instance.oom', 'hot')]);
  await asked;
  await agent.deliver([happens('instance.oom', 'again')]);
  agent.close();
  await running.close();
  master = null;
});

test('a secret that is not there is named; pauses grow, and have an end', async () => {
  rmSync(join(directory, 'secret'));
  await expect(start()).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('alerts'),
  });
  expect([1, 2, 3, 20, 1000].map((failures) => retryDelayMs(failures, 0))).toEqual([
    1_000, 2_000, 4_000, 300_000, 300_000,
  ]);
  expect(retryDelayMs(1, 0.99)).toBeLessThan(1_500);
});

test('a rollout that failed is told as rollout.failed where that is wanted', () => {
  const finished = (result: 'ok' | 'failed') => ({ kind: 'rollout.finished', result }) as const;
  expect(toldKind({ kinds: ['rollout.failed'] }, finished('failed'))).toBe('rollout.failed');
  expect(toldKind({ kinds: ['rollout.failed'] }, finished('ok'))).toBeNull();
  expect(toldKind({ kinds: ['rollout.finished'] }, finished('failed'))).toBe('rollout.finished');
  expect(toldKind({ kinds: ['rollout.finished', 'rollout.failed'] }, finished('ok'))).toBe(
    'rollout.finished',
  );
});
