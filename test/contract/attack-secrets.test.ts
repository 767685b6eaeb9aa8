import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Role } from '../../common/domain/role.ts';
import { roleSchema } from '../../common/domain/role.ts';
import { HTTP_PATHS } from '../../common/protocol/http.ts';
import { newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir } from '../support/master.ts';
import { killAfterTest } from '../support/owned-process.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

/** Every file and directory below, with its mode. */
function modesBelow(directory: string): [string, number][] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name): [string, number] => [
    name,
    statSync(join(directory, name), { throwIfNoEntry: false })?.mode ?? 0,
  ]);
}

/** Of a process and all that it has started, also what their start gave them in their environment. */
function commandLinesOf(pid: number): string[] {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').map(Number).filter(Boolean);
  return [read(`/proc/${pid}/cmdline`), ...children.flatMap(commandLinesOf)];
}

test('secrets are in no argument, log, event, figure, error or file that is not theirs, and files are their user’s', async () => {
  const stateDir = newStateDir();
  const agentDir = newAgentDir();
  const entry = fileURLToPath(new URL('../../master/index.ts', import.meta.url));
  const args = ['--state-dir', stateDir, '--http-port', '0', '--log-level', 'trace'];
  const child = killAfterTest(
    spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  try {
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += text));
    const url = await waitFor('the master', () => /"url":"([^"]+)"/.exec(log)?.[1]);
    const tokenFile = (role: Role) => join(stateDir, 'tokens', `${role}.token`);
    const token = (role: Role) => readFileSync(tokenFile(role), 'utf8').trim();
    const master = { url, token };
    const admin = await connectCockpit(master);
    const agent = await spawnAgent({ stateDir: agentDir, masterUrl: url, tokenFile: tokenFile('agent') });
    await waitFor('the node', async () => {
      const { nodes } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
      return nodes[0]?.link === 'up';
    });
    const secret = 'hush-4711-hush';
    await admin.call('service.create', {
      spec: { name: 'web', type: 'binary', entry: 'run.sh', graceMs: 100 },
    });
    await admin.call('config.setSecret', { serviceName: 'web', name: 'db', value: secret });
    await admin.call('config.set', { serviceName: 'web', name: 'db.conf', text: `password=\${secret:db}\n` });
    await admin.call('config.publish', { serviceName: 'web' });
    const content = tarOf({ 'run.sh': '#!/bin/sh\nexec sleep 1000\n' });
    const { releaseId } = await uploadPackage(master, { serviceName: 'web', version: '1', content });
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const { instance } = await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port });
    const instanceIds = [instance.instanceId];
    await admin.call('rollout.create', { releaseId, instanceIds });
    await waitFor('it to run', async () => {
      const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
      return instances[0]?.status?.state === 'running';
    });
    const made = await admin.call('token.create', { name: 'ann', role: 'viewer' });
    const rotated = await admin.call('token.rotate', { name: 'ann' });
    const secrets = [secret, made.secret, rotated.secret, ...roleSchema.options.map(token)];

    // Told wrongly, so that errors speak of it.
    const told: unknown[] = [];
    for (const [name, payload] of [
      ['config.setSecret', { serviceName: 'web', name: 'a b', value: secret }],
      ['config.setSecret', { serviceName: 'nobody', name: 'db', value: secret }],
      ['config.setSecret', { serviceName: 'web', name: 'db', value: [secret] }],
      ['config.setSecret', { serviceName: 'web', name: 'db', value: `${secret}\0` }],
      ['token.rotate', { name: made.secret }],
      ['token.create', { name: 'ann', role: rotated.secret }],
      ['session.hello', made.secret],
    ])
      told.push(name, (await admin.socket.emitWithAck(String(name), payload)).error);
    const wrong = { url, token: () => `${token('admin').slice(0, -1)}!` };
    told.push(await connectCockpit(wrong).catch((error: unknown) => error));
    const ask = async (path: string, authorization: string) =>
      await (await fetch(url + path, { headers: { authorization } })).text();
    told.push(await ask(HTTP_PATHS.metrics, `Bearer ${token('viewer')}`));
    told.push(await ask(HTTP_PATHS.package('x'), `Bearer ${token('admin')}`));
    told.push(await ask(`/nowhere`, `Bearer ${token('admin')}`));
    for (const path of ['/metrics', '/healthz', '/readyz'])
      told.push(await (await fetch(`http://127.0.0.1:${agent.nodePort}${path}`)).text());
    told.push(await admin.call('event.list', {}), admin.events, admin.frames);
    for (const name of ['token.list', 'service.list', 'presence.list', 'registry.list'] as const)
      told.push(await admin.call(name, {}));
    told.push(await admin.call('config.list', { serviceName: 'web' }));
    told.push(await admin.call('config.read', { serviceName: 'web', name: 'db.conf' }));
    const { pid } = child;
    const commands = [...commandLinesOf(pid ?? 0), ...commandLinesOf(agent.pid)];
    expect(commands.join('\n')).toContain('sleep');
    const shown = JSON.stringify(told.map((each) => (each instanceof Error ? [each.message, each] : each)));
    for (const each of secrets) {
      expect(commands.join('\n')).not.toContain(each);
      expect(shown).not.toContain(each);
      expect(log).not.toContain(each);
      expect(agent.output()).not.toContain(each);
    }

    // In files, only where they belong: tokens in theirs, the password in the directory of the instance that has it.
    const holding = (directory: string) =>
      modesBelow(directory).flatMap(([name, mode]) => {
        if ((mode & 0o170000) !== 0o100000) return [];
        const bytes = readFileSync(join(directory, name), 'latin1');
        return secrets.some((each) => bytes.includes(each)) ? [name] : [];
      });
    expect(holding(stateDir).sort()).toEqual(roleSchema.options.map((role) => `tokens/${role}.token`).sort());
    for (const name of holding(agentDir)) expect(name).toMatch(/^instances\/\d+\/.*db\.conf$/);
    // The address, with the certificate's fingerprint, is for everybody.
    for (const [name, mode] of modesBelow(stateDir).filter(([name]) => name !== 'address'))
      expect([name, mode & 0o077]).toEqual([name, 0]);
    expect(statSync(stateDir).mode & 0o077).toBe(0);
    expect(statSync(agentDir).mode & 0o077).toBe(0);
    for (const [name, mode] of modesBelow(agentDir)) expect([name, mode & 0o022]).toEqual([name, 0]);

    await admin.call('instance.stop', { instanceIds });
    admin.close();
    await agent.close();
  } finally {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    await removeAgentDir(agentDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
});
