import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleSchema } from '../../common/domain/role.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { connect, connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let master: TestMaster;
beforeAll(async () => {
  master = await startMaster();
});
afterAll(() => master.close());

const hello = (change: Record<string, unknown> = {}) => ({
  token: master.token('viewer'),
  protocolVersion: PROTOCOL_VERSION,
  version: 'test',
  ...change,
});
const agentHello = (change: Record<string, unknown> = {}) =>
  hello({
    token: master.token('agent'),
    nodeId: 50,
    agentId: randomUUID(),
    machineId: '',
    runId: randomUUID(),
    alias: 'n',
    innerAddress: '127.0.0.1',
    ...change,
  });
const code = (code: string) => expect.objectContaining({ code });

describe('the cockpit link refuses', () => {
  test.each([
    ['no token', () => hello({ token: undefined }), 'unauthenticated'],
    ['an empty token', () => hello({ token: '' }), 'unauthenticated'],
    ['an unknown token', () => hello({ token: `sgrid_admin_${'A'.repeat(43)}` }), 'unauthenticated'],
    ['a token that is no text', () => hello({ token: { $ne: null } }), 'unauthenticated'],
    ['the token of an agent', () => hello({ token: master.token('agent') }), 'forbidden'],
    ['another protocol version', () => hello({ protocolVersion: PROTOCOL_VERSION + 2 }), 'protocol_mismatch'],
    ['no protocol version', () => hello({ protocolVersion: undefined }), 'protocol_mismatch'],
    ['a hello that does not fit', () => hello({ version: 7 }), 'bad_request'],
  ])('%s', async (_what, auth, expected) => {
    await expect(connect(master.url, '/cockpit', auth())).rejects.toThrow(code(expected));
  });
});

describe('the agent link refuses', () => {
  test.each([
    ['no token', () => agentHello({ token: undefined }), 'unauthenticated'],
    ['the token of an administrator', () => agentHello({ token: master.token('admin') }), 'forbidden'],
    [
      'another protocol version',
      () => agentHello({ protocolVersion: PROTOCOL_VERSION - 2 }),
      'protocol_mismatch',
    ],
    ['a node id that is none', () => agentHello({ nodeId: -1 }), 'bad_request'],
    ['a run that has no id', () => agentHello({ runId: undefined }), 'bad_request'],
    ['a machine id in clear', () => agentHello({ machineId: 'a'.repeat(32) }), 'bad_request'],
    ['an agent id that is none', () => agentHello({ agentId: 'me' }), 'bad_request'],
  ])('%s', async (_what, auth, expected) => {
    await expect(connect(master.url, '/agent', auth())).rejects.toThrow(code(expected));
  });
});

test('nothing is served outside the two namespaces', async () => {
  await expect(connect(master.url, '/', hello())).rejects.toThrow(code('not_found'));
  await expect(connect(master.url, '/other', hello())).rejects.toThrow('Invalid namespace');
});

test('another agent with the id of a connected node is refused, and the first one stays', async () => {
  const first = createTestAgent(master, { nodeId: 60 });
  const second = createTestAgent(master, { nodeId: 60 });
  const socket = await first.connect();
  await expect(second.connect()).rejects.toThrow(code('identity_taken'));
  expect(socket.connected).toBe(true);
  first.close();
});

test('the same agent replaces its own stale link, and the node stays up', async () => {
  const agent = createTestAgent(master, { nodeId: 61 });
  const stale = await agent.connect();
  const cockpit = await connectCockpit(master, 'viewer');
  const again = createTestAgent(master, { nodeId: 61, agentId: agent.agentId, runId: agent.runId });
  await again.connect();
  await waitFor('the stale link to be cut', () => !stale.connected);
  const { nodes } = await cockpit.call('fleet.watch', { scope: { kind: 'all' } });
  expect(nodes.find((node) => node.nodeId === 61)?.link).toBe('up');
  expect(cockpit.events.filter((event) => event.kind === 'node.lost' && event.nodeId === 61)).toEqual([]);
  again.close();
  cockpit.close();
});

test('who connected is told by name and role', async () => {
  const cockpit = await connectCockpit(master, 'operator');
  expect(await cockpit.call('session.hello', {})).toMatchObject({ actor: 'operator', role: 'operator' });
  cockpit.close();
});

test('first tokens, database and pid file are readable by their user only', () => {
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  for (const role of roleSchema.options) {
    expect(master.token(role)).toMatch(new RegExp(`^sgrid_${role}_[A-Za-z0-9_-]{43}$`));
    expect(mode(master.tokenFile(role))).toBe('600');
  }
  expect(mode(dirname(master.tokenFile('admin')))).toBe('700');
  expect(mode(master.stateDir)).toBe('700');
  for (const file of ['sgridnext.db', 'sgridnext.db-wal', 'master.pid']) {
    expect(mode(join(master.stateDir, file))).toBe('600');
  }
});
