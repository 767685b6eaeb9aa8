import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMasterClient } from '../../cockpit/client/connection.ts';
import type { MasterClient } from '../../cockpit/client/master-client.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { parseMasterAddress } from '../../common/protocol/master-address.ts';
import { isLoopback } from '../../common/system/own-address.ts';
import { certificateOf } from '../../master/tls.ts';
import { type AgentProcess, newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { tarOf } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

let master: TestMaster;
let agentDir: string;
let agent: AgentProcess | null = null;
const clients: MasterClient[] = [];

beforeEach(async () => {
  agentDir = newAgentDir();
  master = await startMaster({ tls: true, limits: { minReadyMs: 50 } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await agent?.close();
  agent = null;
  await master.close();
  await removeAgentDir(agentDir);
});

function cockpit(url: string, token = master.token('operator')): MasterClient {
  const client = createMasterClient({ url, token, version: 'test', clock: Date.now, random: Math.random });
  clients.push(client);
  return client;
}

test('a service is uploaded, deployed and read, everything encrypted', async () => {
  expect(master.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+#sha256:[0-9a-f]{64}$/);
  agent = await spawnAgent({
    stateDir: agentDir,
    masterUrl: master.url,
    tokenFile: master.tokenFile('agent'),
  });
  const client = cockpit(master.url);
  await client.ready(5000);
  await client.call('service.create', {
    spec: { name: 'web', type: 'binary', entry: 'run.sh', graceMs: 100 },
  });
  const file = join(agentDir, 'web.tar');
  writeFileSync(file, tarOf({ 'run.sh': '#!/bin/sh\necho over the wire\nexec sleep 1000\n' }));
  const release = await client.upload({ serviceName: 'web', file, version: '1', message: '' });
  await waitFor('the node', async () => {
    const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
    return nodes.some(({ link }) => link === 'up');
  });
  const { instance } = await client.call('instance.create', { serviceName: 'web', nodeId: 1, port: 4000 });
  const { rollout } = await client.call('rollout.create', {
    releaseId: release.releaseId,
    instanceIds: [instance.instanceId],
  });
  await waitFor('the rollout', async () => {
    const now = await client.call('rollout.get', { rolloutId: rollout.rolloutId });
    return now.rollout.state === 'succeeded';
  });
  const { instanceId } = instance;
  const log = await waitFor('its output', async () => {
    const read = await client.call('log.read', { instanceId, from: 'head' });
    const text = Buffer.from(read.data).toString();
    return text.includes('over the wire') ? text : null;
  });
  expect(log).toContain('over the wire');
});

/** What a cockpit says when no connection comes about. */
function failureOf(client: MasterClient): Promise<WireError> {
  return new Promise((resolve) => {
    client.listen({
      onLink: (link) => {
        if (link.state === 'connecting' && link.lastError !== null) resolve(link.lastError);
      },
    });
  });
}

test('a cockpit with the wrong fingerprint connects to nothing, and says why', async () => {
  const { origin } = parseMasterAddress(master.url);
  const { message } = await failureOf(cockpit(`${origin}#sha256:${'0'.repeat(64)}`));
  expect(message).toMatch(/another certificate/);
});

test('an address that begins as that of the other encryption says what is wrong, and how it should begin', async () => {
  expect(await failureOf(cockpit(`http://127.0.0.1:${master.port}`))).toMatchObject({
    message: expect.stringMatching(/the connection was cut before it was answered$/),
    hint: expect.stringContaining('begins with https://'),
  });
  const token = master.token('operator');
  await master.close();
  master = await startMaster();
  expect(await failureOf(cockpit(`https://127.0.0.1:${master.port}`, token))).toMatchObject({
    message: expect.stringMatching(/what answers does not speak TLS$/),
    hint: expect.stringContaining('begins with http://'),
  });
});

test('an agent whose master has another certificate by now says so, once, and what to do', async () => {
  const { port } = master;
  agent = await spawnAgent({
    ...{ stateDir: agentDir, masterUrl: master.url, tokenFile: master.tokenFile('agent') },
  });
  const { output } = agent;
  await waitFor('the link', () => output().includes('connected to the master'));
  await master.close();
  await waitFor('the refused connection', () => output().includes('"reason":"connection refused"'));
  master = await startMaster({ tls: true, port });
  await waitFor('the warning', () => output().includes('shows another certificate'));
  expect(output()).toContain('take the new address from the log of sgridnext');
});

test('plain text on the encrypted port gets nothing, and the master goes on', async () => {
  const socket = connect(master.port, '127.0.0.1');
  socket.on('error', () => {});
  let heard = '';
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
  });
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'close');
  expect(heard).not.toContain('ok');
  const client = cockpit(master.url);
  await client.ready(5000);
});

test('plain text where others can listen is refused, unless it is asked for', async () => {
  const plain = { tls: false, tlsCertFile: undefined, tlsKeyFile: undefined, allowPlainText: false };
  const stateDir = newStateDir();
  try {
    await expect(certificateOf({ ...plain, host: '0.0.0.0' }, stateDir, Date.now())).rejects.toMatchObject({
      code: 'bad_request',
      hint: expect.stringContaining('"tls": true'),
    });
    expect(await certificateOf({ ...plain, host: '127.0.0.1' }, stateDir, 0)).toBeNull();
    expect(await certificateOf({ ...plain, host: '::', allowPlainText: true }, stateDir, 0)).toBeNull();
    await expect(
      certificateOf({ ...plain, host: '::1', tlsCertFile: 'a' }, stateDir, 0),
    ).rejects.toMatchObject({ code: 'bad_request' });
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
