import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { Server } from 'socket.io';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { roleIncludes, roleSchema } from '../../common/domain/role.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { HTTP_PATHS } from '../../common/protocol/http.ts';
import { parseMasterAddress } from '../../common/protocol/master-address.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { ownCertificate } from '../../master/http/certificate.ts';
import { createMasterServer } from '../../master/http/open-server.ts';
import { newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { openRawLink } from '../support/attack/raw-link.ts';
import { acceptAsFrom } from '../support/attack/remote-address.ts';
import { connect, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { createTestAgent } from '../support/test-agent.ts';
import { waitFor } from '../support/wait-for.ts';
import { COCKPIT_PAYLOADS } from './support/payloads.ts';

let master: TestMaster;
const sockets: Socket[] = [];
beforeEach(async () => {
  master = await startMaster();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await master.close();
});

const hello = (token?: string) => ({ token, protocolVersion: PROTOCOL_VERSION, version: 'test' });
const stranger = `sgrid_admin_${'A'.repeat(43)}`;
/** Cuts who is slow within seconds, long enough for those who are not, also on a busy machine. */
async function becomeImpatient(): Promise<void> {
  await master.close();
  master = await startMaster({ limits: { headersMs: 1_500 } });
}
const serves = async () => {
  const cockpit = await connectCockpit(master, 'viewer');
  expect(await cockpit.call('session.hello', {})).toMatchObject({ actor: 'viewer' });
  cockpit.close();
};
function tcp(port = master.port): Socket {
  const socket = connectTcp(port, '127.0.0.1');
  // Read to its end, or it would never be told of as closed.
  socket.on('error', () => {}).resume();
  sockets.push(socket);
  return socket;
}

const requests = Object.entries(cockpitLink.toMaster);

describe.each(roleSchema.options)('a token of role %s', (role) => {
  test('is answered on every command as its role says', async () => {
    if (role === 'agent') {
      await expect(connectCockpit(master, role)).rejects.toMatchObject({ code: 'forbidden' });
      return;
    }
    // Each on a master of its own kind would take long: what is not refused here names things that are not there.
    const cockpit = await connectCockpit(master, role);
    for (const [name, definition] of requests) {
      if (definition.kind !== 'request' || roleIncludes(role, definition.role)) continue;
      const payload = COCKPIT_PAYLOADS[name as keyof typeof COCKPIT_PAYLOADS];
      const reply = await cockpit.socket.timeout(5_000).emitWithAck(name, payload);
      expect([name, reply]).toMatchObject([name, { ok: false, error: { code: 'forbidden' } }]);
    }
    const allowed = requests.filter(
      ([, definition]) => definition.kind === 'request' && definition.role === role,
    );
    for (const [name] of allowed.filter(([name]) => !name.startsWith('token.re'))) {
      const payload = COCKPIT_PAYLOADS[name as keyof typeof COCKPIT_PAYLOADS];
      const reply = await cockpit.socket.timeout(5_000).emitWithAck(name, payload);
      expect([name, reply.error?.code]).not.toEqual([name, 'forbidden']);
    }
    cockpit.close();
  });

  test('opens of HTTP what its role says', async () => {
    const ask = async (method: string, path: string) => {
      const headers = { authorization: `Bearer ${master.token(role)}` };
      return (await fetch(master.url + path, { method, headers })).status;
    };
    const isOperator = roleIncludes(role, 'operator');
    const upload = `${HTTP_PATHS.upload('web')}?version=1`;
    expect((await ask('POST', upload)) === 403).toBe(!isOperator);
    expect((await ask('GET', HTTP_PATHS.package('0'.repeat(64)))) === 403).toBe(
      !isOperator && role !== 'agent',
    );
    expect((await ask('GET', HTTP_PATHS.metrics)) === 403).toBe(role === 'agent');
  });
});

test('without a token no command is answered, on a link that is joined, refused or never asked for', async () => {
  for (const token of [undefined, '', stranger, master.token('agent')]) {
    await expect(connect(master.url, cockpitLink.namespace, hello(token))).rejects.toBeDefined();
  }
  const socket = new WebSocket(`${master.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const heard: string[] = [];
  socket.addEventListener('message', ({ data }) => heard.push(String(data)));
  await once(socket, 'open');
  let id = 0;
  for (const [name] of requests) socket.send(`42${cockpitLink.namespace},${id++}["${name}",{}]`);
  for (const name of Object.keys(agentLink.toMaster)) {
    if (socket.readyState === WebSocket.OPEN) socket.send(`42${agentLink.namespace},${id++}["${name}",{}]`);
  }
  await once(socket, 'close');
  expect(heard.filter((text) => text.startsWith('43'))).toEqual([]);
  for (const [method, path] of [
    ['POST', `${HTTP_PATHS.upload('web')}?version=1`],
    ['GET', HTTP_PATHS.package('0'.repeat(64))],
    ['GET', HTTP_PATHS.metrics],
  ] as const) {
    for (const authorization of ['', 'Bearer', `Bearer ${stranger}`, `Basic ${btoa('admin:admin')}`]) {
      const response = await fetch(master.url + path, { method, headers: { authorization } });
      expect([path, response.status]).toEqual([path, 401]);
    }
  }
});

test('a token for joining that somebody has seen opens nothing once it was used, here or anywhere', async () => {
  const admin = await connectCockpit(master);
  const { secret } = await admin.call('token.create', { name: 'join', role: 'agent', isJoin: true });
  const having = { url: master.url, token: () => secret };
  const first = createTestAgent(having, { nodeId: 7 });
  await first.connect();
  for (const nodeId of [1, 8, 2 ** 31]) {
    await expect(createTestAgent(having, { nodeId }).connect()).rejects.toMatchObject({ code: 'forbidden' });
  }
  first.close();
  await waitFor('its end', () => admin.events.some(({ kind }) => kind === 'node.lost'));
  await expect(createTestAgent(having, { nodeId: 7 }).connect()).rejects.toMatchObject({
    code: 'identity_taken',
  });
  await expect(connect(master.url, cockpitLink.namespace, hello(secret))).rejects.toMatchObject({
    code: 'forbidden',
  });
  admin.close();
});

test('a revoked token is cut off on every link and over HTTP, while its requests are under way', async () => {
  const admin = await connectCockpit(master);
  const { secret } = await admin.call('token.create', { name: 'ann', role: 'operator' });
  const links = await Promise.all(
    Array.from({ length: 5 }, () => connectCockpit({ url: master.url, token: () => secret })),
  );
  const busy = links.map((link) => link.call('fleet.watch', { scope: { kind: 'all' } }).catch(() => {}));
  await admin.call('token.revoke', { name: 'ann' });
  await waitFor('all to be cut', () => links.every(({ socket }) => !socket.connected));
  await Promise.all(busy);
  const headers = { authorization: `Bearer ${secret}` };
  expect((await fetch(master.url + HTTP_PATHS.metrics, { headers })).status).toBe(401);
  await expect(connectCockpit({ url: master.url, token: () => secret })).rejects.toMatchObject({
    code: 'unauthenticated',
  });
  admin.close();
});

test('whoever guesses tokens is held off, on both links and over HTTP, and nobody else is', async () => {
  let from = '203.0.113.7';
  const end = acceptAsFrom(() => from);
  try {
    const guess = (namespace: string) =>
      connect(master.url, namespace, hello(stranger)).then(
        () => 'in',
        (error: { code: string }) => error.code,
      );
    const codes: string[] = [];
    for (let at = 0; at < 24; at++) codes.push(await guess(at % 2 === 0 ? '/cockpit' : '/agent'));
    expect(codes.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 'unauthenticated'));
    expect(codes.slice(21)).toEqual(['busy', 'busy', 'busy']);
    const ask = (token: string) =>
      fetch(master.url + HTTP_PATHS.metrics, {
        headers: { authorization: `Bearer ${token}`, connection: 'close' },
      });
    expect((await ask(stranger)).status).toBe(503);
    // The right one is of no use from there: it could have been guessed.
    expect((await ask(master.token('admin'))).status).toBe(503);
    from = '203.0.113.8';
    expect((await ask(master.token('admin'))).status).toBe(200);
    await serves();
  } finally {
    end();
  }
});

test.each([
  ['a request line', 'GET /hea'],
  ['headers', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ['nothing at all', ''],
])('two hundred connections that send %s and then a byte now and then are cut', async (_what, start) => {
  await becomeImpatient();
  const slow = Array.from({ length: 200 }, () => tcp());
  const closed = Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  for (const socket of slow) if (start !== '') socket.write(start);
  const drip = setInterval(() => {
    for (const socket of slow) if (start !== '' && !socket.destroyed) socket.write('x');
  }, 50);
  try {
    await serves();
    await closed;
  } finally {
    clearInterval(drip);
  }
  await serves();
});

test('handshakes that stop half-way are cut, and the master serves meanwhile', async () => {
  const url = `${master.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const half = Array.from({ length: 100 }, () => new WebSocket(url));
  const closed = Promise.all(half.map((socket) => once(socket, 'close')));
  await Promise.all(half.map((socket) => once(socket, 'open')));
  await serves();
  await closed;
  await serves();
});

test('frames beyond the limit end only the link that they come over, also before it has shown a token', async () => {
  const url = `${master.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const early = new WebSocket(url);
  await once(early, 'open');
  early.send(`40${cockpitLink.namespace},{"token":"${'x'.repeat(9 * 1024 * 1024)}"}`);
  const late = await openRawLink(master.url, cockpitLink.namespace, hello(master.token('viewer')));
  const answer = late.ask(`["event.list",{"filler":"${'x'.repeat(9 * 1024 * 1024)}"}]`);
  await Promise.all([once(early, 'close'), expect(answer).rejects.toThrow('went down')]);
  for (const headers of [
    { 'x-large': 'x'.repeat(100_000) },
    { authorization: `Bearer ${'x'.repeat(100_000)}` },
  ])
    expect((await fetch(master.url + HTTP_PATHS.metrics, { headers })).status).toBe(431);
  await serves();
});

test('of who has shown no token nothing large is held, and who has may send it', async () => {
  const url = `${master.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const stranger = new WebSocket(url);
  await once(stranger, 'open');
  const closed = once(stranger, 'close');
  stranger.send(`40${cockpitLink.namespace},{"token":"${'x'.repeat(20_000)}"}`);
  expect((await closed)[0]).toMatchObject({ code: 1009 });
  const known = await openRawLink(master.url, cockpitLink.namespace, hello(master.token('viewer')));
  const answer = await known.ask(`["event.list",{"filler":"${'x'.repeat(7 * 1024 * 1024)}"}]`);
  expect(JSON.stringify(answer)).toContain('"ok":true');
});

test('an agent tells a master with another certificate nothing, and takes nothing from it', async () => {
  const stateDir = newAgentDir();
  const certificateDir = newStateDir();
  const certificate = await ownCertificate(certificateDir, Date.now());
  const told: unknown[] = [];
  const server = createMasterServer(certificate, {}, (request, response) => {
    told.push(request.headers);
    response.end();
  });
  const io = new Server(server, { transports: ['websocket'] });
  io.of(agentLink.namespace).on('connection', (socket) => {
    told.push(socket.handshake.auth);
    socket.emit('instance.remove', { instanceId: 1 }, (reply: unknown) => told.push(reply));
  });
  io.engine.on('initial_headers', (_headers, request) => told.push(request.headers));
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const tokenFile = join(stateDir, 'token');
    writeFileSync(tokenFile, master.token('agent'), { mode: 0o600 });
    const masterUrl = `https://127.0.0.1:${port}#sha256:${'0'.repeat(64)}`;
    expect(parseMasterAddress(masterUrl)).toBeDefined();
    const agent = await spawnAgent({ stateDir, masterUrl, tokenFile });
    await waitFor('its refusal', () => agent.output().includes('shows another certificate'));
    expect(told).toEqual([]);
    // Nor does it take commands from anybody else: its own port only answers what it knows.
    for (const path of ['/', '/socket.io/?EIO=4&transport=polling', '/agent', '/v1/instances/1']) {
      const response = await fetch(`http://127.0.0.1:${agent.nodePort}${path}`, {
        method: 'POST',
        body: '{}',
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
    }
    expect(agent.output()).not.toContain(master.token('agent'));
    await agent.close();
  } finally {
    await io.close();
    await removeAgentDir(stateDir);
    rmSync(certificateDir, { recursive: true, force: true });
  }
});

test('the hello of another machine, or of nobody, is refused before anything is kept of it', async () => {
  const auth = {
    ...{ ...hello(master.token('agent')), agentId: randomUUID(), runId: randomUUID(), machineId: '' },
    ...{ nodeId: 3, alias: 'a', innerAddress: '127.0.0.1' },
  };
  for (const change of [
    ...[
      { nodeId: '3' },
      { nodeId: 2 ** 53 },
      { alias: '\u001b[2J' },
      { innerAddress: 'a\nb' },
      { agentId: '../x' },
    ],
    ...[{ alias: 'x'.repeat(129) }, { runId: null }, { version: 'x'.repeat(65) }, { token: ['a'] }],
  ])
    await expect(connect(master.url, agentLink.namespace, { ...auth, ...change })).rejects.toBeDefined();
  const admin = await connectCockpit(master);
  expect((await admin.call('fleet.watch', { scope: { kind: 'all' } })).nodes).toEqual([]);
  admin.close();
});
