import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Role } from '../../common/domain/role.ts';
import { HTTP_PATHS } from '../../common/protocol/http.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent, type TestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';

let stateDir: string;
let master: TestMaster;
let admin: CockpitPeer;
const open: { close(): void }[] = [];
beforeEach(async () => {
  stateDir = newStateDir();
  await startAgain();
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function startAgain(): Promise<void> {
  master = await startMaster({ stateDir });
  admin = await connectCockpit(master);
  open.push(admin);
}
/** The same master, for somebody with this secret. */
const having = (secret: string) => ({ url: master.url, token: () => secret });
async function cockpit(secret: string): Promise<CockpitPeer> {
  const peer = await connectCockpit(having(secret));
  open.push(peer);
  return peer;
}
function agent(secret: string, nodeId: number, agentId?: string): TestAgent {
  const created = createTestAgent(having(secret), { nodeId, ...(agentId && { agentId }) });
  open.push(created);
  return created;
}
const make = (name: string, role: Role, change: object = {}) =>
  admin.call('token.create', { name, role, ...change });
const code = (expected: string) => expect.objectContaining({ code: expected });

test('a token that is made opens what its role may, is told by its name, and its secret is kept nowhere', async () => {
  const { token, secret } = await make('ann', 'operator');
  expect(token).toMatchObject({ name: 'ann', role: 'operator', createdBy: 'admin', expiresAt: null });
  const ann = await cockpit(secret);
  expect(await ann.call('session.hello', {})).toMatchObject({ actor: 'ann', role: 'operator' });
  await expect(ann.call('token.list', {})).rejects.toThrow(code('forbidden'));
  await expect(make('ann', 'viewer')).rejects.toThrow(code('already_exists'));
  const { tokens } = await admin.call('token.list', {});
  expect(tokens.map(({ name }) => name)).toEqual(['agent', 'viewer', 'operator', 'admin', 'ann']);
  const { events } = await admin.call('event.list', {});
  expect(events.find(({ message }) => message === 'create token ann (operator)')).toMatchObject({
    kind: 'command',
    actor: 'admin',
  });
  const kept = ['sgridnext.db', 'sgridnext.db-wal'].map((name) =>
    readFileSync(join(stateDir, name), 'latin1'),
  );
  expect(kept.join()).toContain('ann');
  expect(kept.join()).not.toContain(secret);
});

test('revoking ends the connections of that token at once, and for good', async () => {
  const { secret } = await make('ann', 'viewer');
  const ann = await cockpit(secret);
  await admin.call('token.revoke', { name: 'ann' });
  await waitFor('its connection to be cut', () => !ann.socket.connected);
  expect(admin.socket.connected).toBe(true);
  await expect(cockpit(secret)).rejects.toThrow(code('unauthenticated'));
  await expect(admin.call('token.revoke', { name: 'ann' })).rejects.toThrow(code('not_found'));
  await expect(make('ann', 'viewer')).rejects.toThrow(code('already_exists'));
  for (const each of open.splice(0)) each.close();
  await master.close();
  await startAgain();
  await expect(cockpit(secret)).rejects.toThrow(code('unauthenticated'));
});

test('a token that expires ends the connections of that token, those of the others go on', async () => {
  // Time enough to come in, also on a busy machine.
  const short = await make('short', 'operator', { expiresInMs: 4_000 });
  const long = await make('long', 'operator', { expiresInMs: 600_000 });
  const first = await cockpit(short.secret);
  const node = agent((await make('node', 'agent', { expiresInMs: 4_000 })).secret, 3);
  await node.connect();
  const other = await cockpit(long.secret);
  await waitFor('both to be cut', () => !first.socket.connected && !node.socket().connected);
  expect(other.socket.connected).toBe(true);
  await expect(cockpit(short.secret)).rejects.toThrow(code('unauthenticated'));
});

test('an upload that is under way with a token ends with it', async () => {
  await admin.call('service.create', { spec: { name: 'web', type: 'node', entry: 'server.js' } });
  const { secret } = await make('ci', 'operator');
  const upload = request(`${master.url}${HTTP_PATHS.upload('web')}?version=1.0.0`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, expect: '100-continue' },
  });
  const cut = once(upload, 'error');
  upload.flushHeaders();
  await once(upload, 'continue');
  upload.write(Buffer.alloc(1024));
  await admin.call('token.revoke', { name: 'ci' });
  await cut;
});

test('an agent whose token is revoked is cut off too', async () => {
  const { secret } = await make('rack-1', 'agent');
  const socket = await agent(secret, 1).connect();
  const get = () =>
    fetch(`${master.url}${HTTP_PATHS.package('0'.repeat(64))}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
  expect((await get()).status).toBe(404);
  await admin.call('token.revoke', { name: 'rack-1' });
  await waitFor('its connection to be cut', () => !socket.connected);
  expect((await get()).status).toBe(401);
});

test('an agent whose token is revoked during its handshake does not get in', async () => {
  const { secret } = await make('rack-1', 'agent');
  let isAsked = false;
  const frozen = agent(master.token('agent'), 1);
  frozen.behaviour.ping = () => {
    isAsked = true;
    return new Promise(() => {});
  };
  await frozen.connect();
  const connecting = agent(secret, 1, frozen.agentId).connect();
  connecting.catch(() => {});
  await waitFor('the look at the other link', () => isAsked);
  await admin.call('token.revoke', { name: 'rack-1' });
  await expect(connecting).rejects.toThrow();
});

test('rotating puts another secret in its place; whoever rotates his own gets the answer before the cut', async () => {
  const old = master.token('admin');
  const { secret } = await admin.call('token.rotate', { name: 'admin' });
  await waitFor('its connection to be cut', () => !admin.socket.connected);
  await expect(cockpit(old)).rejects.toThrow(code('unauthenticated'));
  admin = await cockpit(secret);
  await expect(admin.call('token.rotate', { name: 'nobody' })).rejects.toThrow(code('not_found'));
});

test('the file of a first token that is rotated gets its new secret, unless it is gone or holds another', async () => {
  const before = master.token('agent');
  const { secret } = await admin.call('token.rotate', { name: 'agent' });
  expect(secret).not.toBe(before);
  expect(master.token('agent')).toBe(secret);
  expect(statSync(master.tokenFile('agent')).mode & 0o777).toBe(0o600);
  rmSync(master.tokenFile('operator'));
  await admin.call('token.rotate', { name: 'operator' });
  expect(existsSync(master.tokenFile('operator'))).toBe(false);
  writeFileSync(master.tokenFile('viewer'), 'of somebody else\n');
  await admin.call('token.rotate', { name: 'viewer' });
  expect(master.token('viewer')).toBe('of somebody else');
});

test('a token whose file cannot be written is rotated all the same', async () => {
  rmSync(master.tokenFile('agent'));
  mkdirSync(master.tokenFile('agent'));
  const { secret } = await admin.call('token.rotate', { name: 'agent' });
  await agent(secret, 1).connect();
});

test('a first token that was revoked does not come back with the next start', async () => {
  const secret = master.token('viewer');
  await admin.call('token.revoke', { name: 'viewer' });
  for (const each of open.splice(0)) each.close();
  await master.close();
  await startAgain();
  await expect(cockpit(secret)).rejects.toThrow(code('unauthenticated'));
  const { tokens } = await admin.call('token.list', {});
  expect(tokens.map(({ name }) => name)).toEqual(['agent', 'operator', 'admin']);
});

test('the last admin cannot be revoked, nor can one that expires stand in for it', async () => {
  await make('short', 'admin', { expiresInMs: 60_000 });
  await expect(admin.call('token.revoke', { name: 'admin' })).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('make another one'),
  });
  await expect(admin.call('session.hello', {})).resolves.toMatchObject({ actor: 'admin' });
  await make('other', 'admin');
  await admin.call('token.revoke', { name: 'admin' });
});

test('a token for joining lets one node in, and is that node’s from then on', async () => {
  const { token, secret } = await make('join-1', 'agent', { isJoin: true, expiresInMs: 60_000 });
  expect(token).toMatchObject({ isUnused: true, nodeId: null });
  const first = agent(secret, 7);
  await first.connect();
  await expect(agent(secret, 8).connect()).rejects.toMatchObject({
    code: 'forbidden',
    message: 'the token "join-1" belongs to node 7, not 8',
  });
  first.close();
  const { tokens } = await admin.call('token.list', {});
  expect(tokens.at(-1)).toMatchObject({ name: 'join-1', nodeId: 7, isUnused: false, expiresAt: null });
  await waitFor('the event', () => admin.events.some(({ kind }) => kind === 'node.joined'));
  for (const each of open.splice(0)) each.close();
  await master.close();
  await startAgain();
  await expect(agent(secret, 8).connect()).rejects.toThrow(code('forbidden'));
  await agent(secret, 7, first.agentId).connect();
});

test('of two nodes with one token for joining at the same time, one gets in', async () => {
  const { token, secret } = await make('join-1', 'agent', { isJoin: true });
  expect(token.expiresAt).toBe(token.createdAt + 86_400_000);
  const results = await Promise.allSettled([1, 2, 3].map((nodeId) => agent(secret, nodeId).connect()));
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'forbidden' });
  }
});

test('a token for joining gives no node away that another agent has, and stays unused by it', async () => {
  const holder = agent(master.token('agent'), 1);
  await holder.connect();
  const { secret } = await make('join-1', 'agent', { isJoin: true });
  await expect(agent(secret, 1).connect()).rejects.toThrow(code('identity_taken'));
  await agent(secret, 2).connect();
});

test('what makes no sense is refused', async () => {
  await expect(make('x', 'viewer', { isJoin: true })).rejects.toThrow(code('bad_request'));
  await expect(make('x', 'viewer', { expiresInMs: 0 })).rejects.toThrow(code('bad_request'));
  await expect(make('a b', 'viewer')).rejects.toThrow(code('bad_request'));
});
