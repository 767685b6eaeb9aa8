import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { instanceFiles } from '../../node/supervisor/files.ts';
import { stateLayout } from '../../node/supervisor/layout.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { assignmentOf } from '../support/agent-supervisor.ts';
import { waitFor } from '../support/wait-for.ts';

let stateDir: string;
let agent: AgentProcess;
let master: Server;

/** As much of a master as sends the beginning of a package, and then nothing more. */
beforeEach(async () => {
  stateDir = newAgentDir();
  master = createServer((request, response) => {
    if (!request.url?.startsWith('/v1/packages/')) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': '1000000' });
    response.write('x');
  }).listen(0, '127.0.0.1');
  await once(master, 'listening');
});
afterEach(async () => {
  await agent.kill();
  master.closeAllConnections();
  master.close();
  await removeAgentDir(stateDir);
});

test('an agent that is told to end does not wait for a download, and leaves the start to the next one', async () => {
  const layout = stateLayout(stateDir);
  const files = instanceFiles(layout.instance(1));
  const assignment = assignmentOf({}, { restart: { mode: 'never' } });
  files.saveAssignment(assignment);
  const tokenFile = join(stateDir, 'token');
  writeFileSync(tokenFile, 'any');
  const { port } = master.address() as AddressInfo;
  agent = await spawnAgent({ stateDir, tokenFile, masterUrl: `http://127.0.0.1:${port}` });
  const part = join(layout.releases, '.downloads', `${assignment.release?.sha256}.part`);
  await waitFor('the first byte', () => existsSync(part) && readFileSync(part).length === 1);

  // It would wait for half a minute of silence: longer than this test may take.
  expect(await agent.close()).toBe(0);
  expect(agent.output()).not.toContain('start failed');
  expect(readFileSync(layout.eventsFile, 'utf8')).toBe('');
  expect(files.loadRecord().value?.rest.state ?? 'stopped').toBe('stopped');
  expect(readFileSync(part, 'utf8')).toBe('x');
});
