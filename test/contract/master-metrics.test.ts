import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let master: TestMaster;
let agent: TestAgent | null = null;
beforeEach(async () => {
  master = await startMaster();
});
afterEach(async () => {
  agent?.close();
  agent = null;
  await master.close();
});

const get = (path: string, token?: string) =>
  fetch(`${master.url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

test('metrics take a token of a viewer, and tell of nodes, events and cockpits', async () => {
  expect((await get('/metrics')).status).toBe(401);
  expect((await get('/metrics', master.token('agent'))).status).toBe(403);
  agent = createTestAgent(master, { nodeId: 7 });
  await agent.connect();
  const cockpit = await connectCockpit(master, 'viewer');
  const lines = await waitFor('the node', async () => {
    const answer = await get('/metrics', master.token('viewer'));
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const all = (await answer.text()).split('\n');
    return all.some((line) => /^sgrid_node_up\{node="7".* 1$/.test(line)) ? all : null;
  });
  expect(lines).toContain('sgrid_events_total{kind="node.connected",result="ok"} 1');
  expect(lines).toContain('sgrid_cockpits 1');
  cockpit.close();
});

test('a master that serves is ready, and says so without a token', async () => {
  const answer = await get('/readyz');
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, reasons: [] }]);
});
