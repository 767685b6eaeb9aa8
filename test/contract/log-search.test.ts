import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogStore } from '../../node/log/create-log-store.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import type { TestMaster } from '../support/master.ts';
import { matchTexts } from '../support/match-texts.ts';
import { startWebFleet, type WebFleet } from './support/fleet.ts';

let base: string;
let master: TestMaster;
let fleet: WebFleet;
let store: LogStore;
let instanceId: number;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'sgrid-log-search-'));
  store = createLogStore({ root: join(base, 'logs'), clock: Date.now });
  ({ master, fleet } = await startWebFleet(1));
  const [agent] = fleet.agents;
  const [instance] = fleet.instances;
  if (agent === undefined || instance === undefined) throw new Error('no fleet');
  instanceId = instance.instanceId;
  agent.behaviour.searchLog = (request) => store.search(request);
});
afterEach(async () => {
  await store.close();
  rmSync(base, { recursive: true, force: true });
});

test('a viewer searches a real log through a real master: hundreds of matches, raw, and where they are', async () => {
  const { stdoutFile } = await store.prepare(instanceId);
  const lines = Array.from({ length: 2000 }, (_, line) => `${line} é${line % 4 === 0 ? ' ERROR' : ''}\n`);
  appendFileSync(stdoutFile, lines.join(''));
  const viewer = await connectCockpit(master, 'viewer');
  try {
    const result = await viewer.call('log.search', {
      ...{ instanceId, from: 'tail', direction: 'backward', maxMatches: 300 },
      ...{ pattern: 'é e', ignoreCase: true },
    });
    expect(result.stoppedBy).toBe('matches');
    const texts = matchTexts(result).map((text) => Buffer.from(text).toString());
    const expected = lines.filter((line) => line.includes('ERROR')).map((line) => line.trim());
    expect(texts).toEqual(expected.reverse().slice(0, 300));
  } finally {
    viewer.close();
  }
});

test('what is wrong with a pattern comes back as it was said', async () => {
  await store.prepare(instanceId);
  const search = { instanceId, from: 'head', syntax: 'regex' } as const;
  await expect(fleet.admin.call('log.search', { ...search, pattern: '(' })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('Unterminated group'),
  });
  await expect(fleet.admin.call('log.search', { ...search, pattern: '' })).rejects.toMatchObject({
    code: 'bad_request',
  });
  await expect(
    fleet.admin.call('log.search', { ...search, instanceId: 999, pattern: 'x' }),
  ).rejects.toMatchObject({ code: 'not_found' });
});
