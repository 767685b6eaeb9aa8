import { expect, test } from 'vitest';
import type { SgridEvent } from '../../common/domain/event.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createRecordedClient, readRecording } from '../support/recorded-client.ts';
import { openCockpit } from './cockpit-support.ts';

const recording = readRecording('three-nodes');
const web = recording.services.find(({ name }) => name === 'web');

function describedClient() {
  const client = createRecordedClient(recording);
  const env = { PORT: '80', DB_PASSWORD: 'hunter2', API_TOKEN: 'abc def', GREETING: '你好' };
  client.answer('service.list', () => ({
    services: recording.services.map((service) =>
      service.serviceId === web?.serviceId ? { ...service, env, args: ['--fast'], protected: true } : service,
    ),
  }));
  client.answer('log.files', () => ({
    files: [{ name: 'stdout', sizeBytes: 1_500_000, modifiedAt: recording.snapshot.at }],
  }));
  return client;
}

/** All of a page that scrolls, as somebody would read it. */
async function readPage(terminal: ReturnType<typeof openCockpit>['terminal']): Promise<string> {
  const seen: string[] = [];
  for (let page = 0; page < 20; page++) {
    const lines = terminal.screen();
    seen.push(...lines.slice(2, -2));
    if (!/\d+ more lines? below/.test(lines.at(-2) ?? '')) return seen.join('\n');
    const before = terminal.text();
    terminal.press('pagedown');
    await terminal.waitFor((now) => now.join('\n') !== before);
  }
  throw new Error('the page has no end');
}

test('an instance: what it is started with, secrets masked, its files and what happened to it', async () => {
  const client = describedClient();
  const { terminal } = openCockpit({ client });
  await terminal.waitFor('alpha');
  terminal.type(':inst web@alpha\r');
  await terminal.waitFor(/> running +web/);
  terminal.press('d');
  await terminal.waitFor('Instance 1 of web');
  // What is asked for apart from the fleet has come.
  const page = await terminal.waitFor(/Instance 1 of web/).then(() => readPage(terminal));
  expect(page).toMatch(/Arguments +--fast/);
  expect(page).toMatch(/Protected +yes/);
  expect(page).toMatch(/DB_PASSWORD +\*{4}\n/);
  expect(page).toMatch(/API_TOKEN +\*{4}/);
  expect(page).toMatch(/GREETING +你好/);
  expect(page).not.toContain('hunter2');
  expect(page).toMatch(/1\.4M +stdout/);
  expect(page).toContain('Last events');
  const [event] = recording.events;
  if (event === undefined) throw new Error('no event in the recording');
  const newer: SgridEvent = { ...event, seq: 900, eventId: crypto.randomUUID(), instanceId: 1 };
  client.send((listener) => listener.onEvents?.([{ ...newer, message: 'seen while one reads' }]));
  await terminal.waitFor('seen while one reads');
});

test('a service: where it runs, its program and releases; r means all of it', async () => {
  const client = describedClient();
  const { terminal } = openCockpit({ client, columns: 120, rows: 50 });
  await terminal.waitFor('alpha');
  terminal.type(':svc name:=web\r');
  await terminal.waitFor(/> out of reach +web/);
  terminal.press('d');
  const page = (await terminal.waitFor('Releases, newest first')).join('\n');
  expect(terminal.screen()[1]).toContain('services > describe web');
  expect(page).toMatch(/Instances +2 of 3 running/);
  expect(page).toMatch(/alpha:8101 +running +1\.1\.0/);
  expect(page).toMatch(/1\.0\.0 +\d{4}-/);
  expect(page).not.toContain('hunter2');
  terminal.press('r');
  await terminal.waitFor(/Restart web .*on 3 instances of 3 nodes/);
});

test('a node has its events; what cannot be had is said in its place', async () => {
  const client = describedClient();
  client.answer('log.files', () => {
    throw new SgridError('node_unreachable', 'gamma has no link');
  });
  const { terminal } = openCockpit({ client, columns: 100, rows: 80 });
  await terminal.waitFor('alpha');
  terminal.press('d');
  const events = (await terminal.waitFor(/Last events[\s\S]*\d\d:\d\d/)).filter((line) =>
    / by \w+$/.test(line),
  );
  // Of several on it each says which, below one another.
  expect(events.join('\n')).toMatch(/ {2}native-echo@alpha:8103 +\S/);
  const starts = events.map((line) => line.search(/(?<= )(native-echo|web|gamma)@?\b/));
  expect(new Set(starts).size).toBe(1);
  terminal.type(':inst web@alpha\r');
  await terminal.waitFor(/> running +web/);
  terminal.press('d');
  await terminal.waitFor(/Log files\s+Not known +gamma has no link/);
});
