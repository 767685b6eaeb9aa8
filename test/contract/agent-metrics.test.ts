import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';

let stateDir: string;
let agent: AgentProcess;
beforeEach(async () => {
  stateDir = newAgentDir();
  agent = await spawnAgent({ stateDir });
});
afterEach(async () => {
  await agent.close();
  await removeAgentDir(stateDir);
});

const get = (path: string) => fetch(`http://127.0.0.1:${agent.nodePort}${path}`);

test('an agent without a master is ready, and says in its metrics that the link is down', async () => {
  const ready = await get('/readyz');
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  const answer = await get('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=/);
  const lines = (await answer.text()).split('\n');
  expect(lines).toContain('sgridnode_link_up 0');
  expect(lines).toContain('sgridnode_events_queued 0');
  expect(lines.find((line) => line.startsWith('sgridnode_build_info{'))).toMatch(
    /node="1",cgroup_driver="none"\} 1$/,
  );
  expect(lines.find((line) => line.startsWith('sgridnode_process_resident_memory_bytes '))).toBeDefined();
});
