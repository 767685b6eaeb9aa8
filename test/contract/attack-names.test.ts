import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type * as z from 'zod';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MessageDefinition } from '../../common/protocol/define.ts';
import { agentHelloSchema } from '../../common/protocol/handshake.ts';
import { HTTP_PATHS } from '../../common/protocol/http.ts';
import { newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { METACHARACTERS, TRAVERSALS } from '../support/attack/hostile-values.ts';
import { textFieldsOf } from '../support/attack/text-fields.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

/** Texts that may be anything, since nothing is opened, run or named by them: shown, compared, or a program's own. */
const FREE = new Set([
  ...[
    'about.*',
    'actor',
    'alias',
    'confirm.*',
    'doing',
    'events.*.kind',
    'events.*.message',
    'innerAddress',
    'message',
    'screen',
  ],
  ...['instances.*.cgroup', 'instances.*.health.reason', 'instances.*.lastExit.signal', 'instances.*.reason'],
  ...['info.agentVersion', 'info.arch', 'info.cgroupWarning', 'info.hostname', 'info.kernel', 'info.os'],
  ...['info.runtimes.*', 'info.runtimes.KEY', 'node.disks.*.mountPoint', 'version', 'token', 'text', 'value'],
  // Looked up among names that are known.
  ...['file', 'from.lineage'],
  // Compiled as an expression without a shell, in a thread of its own.
  'pattern',
  // What a program is handed, one by one, by execve(2).
  ...['spec.args.*', 'spec.runtimeArgs.*', 'spec.env.*', 'spec.health.command.*', 'spec.description'],
  // Of a registry, written into JSON for services.
  ...['assignment.host', 'changed.*.host', 'entries.*.host', 'changed.*.dockerName', 'entries.*.dockerName'],
]);
/** Paths: what leads out of where they belong is refused, spaces and signs are a file's own. */
const PATHS = new Set(['spec.entry', 'spec.workingDirectory', 'spec.logPaths.*', 'spec.health.path']);
/** A sentence's facts, however deep: shown as the sentence is, in another language. */
const SAID = /\.said\.(text|values\.\*)(\.(text|values\.\*))*$/;
const isIn = (set: ReadonlySet<string>, path: string) =>
  set.has(path) || set.has(path.replace('assignment.', ''));

const schemas: [string, z.ZodType][] = [
  ...[cockpitLink.toMaster, agentLink.toMaster, agentLink.toClient].flatMap((table) =>
    Object.entries(table as Record<string, MessageDefinition>).map(
      ([name, { payload }]): [string, z.ZodType] => [name, payload],
    ),
  ),
  ['hello of an agent', agentHelloSchema],
];

test.each(schemas)(
  '%s: no name of it takes a way out of a directory, or what a shell would act on',
  (_name, schema) => {
    for (const { path, takes } of textFieldsOf(schema)) {
      if (isIn(FREE, path) || SAID.test(path)) continue;
      const taken = isIn(PATHS, path)
        ? TRAVERSALS.filter((text) => text.split('/').includes('..') || text.includes('\0'))
        : [...TRAVERSALS, ...METACHARACTERS].filter((text) => text !== '');
      // A path of HTTP, which is the program's to read, and never ours.
      const bad = path.endsWith('health.path') ? METACHARACTERS : taken;
      expect([path, bad.filter(takes)]).toEqual([path, []]);
    }
  },
);

test('names in requests and archives over HTTP lead nowhere', async () => {
  const master = await startMaster();
  try {
    const admin = await connectCockpit(master);
    await admin.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run.sh' } });
    const authorization = `Bearer ${master.token('operator')}`;
    for (const name of [...TRAVERSALS, ...METACHARACTERS]) {
      const encoded = encodeURIComponent(name);
      const body = tarOf({ 'run.sh': '' });
      for (const [method, path] of [
        ['POST', `${HTTP_PATHS.upload(name)}?version=1`],
        ['POST', `/v1/services/${name.replaceAll('\0', '%00')}/packages?version=1`],
        ['POST', `${HTTP_PATHS.upload('web')}?version=${encoded}`],
        ['GET', `/v1/packages/${encoded}`],
        ['GET', `/v1/packages/${name.replaceAll('\0', '%00')}`],
        ['HEAD', `/v1/uploads/${encoded}`],
      ] as const) {
        const init = {
          method,
          headers: { authorization },
          ...(method === 'POST' && { body: Buffer.from(body) }),
        };
        const { status } = await fetch(master.url + path, init);
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      }
    }
    for (const path of ['../x', '/etc/x', 'a/../../x', 'a\\..\\..\\x'.replaceAll('\\', '/'), './../x']) {
      const upload = { serviceName: 'web', version: '2', content: tarOf({ [path]: 'evil', 'run.sh': '' }) };
      await expect(uploadPackage(master, upload)).rejects.toMatchObject({ code: 'package_invalid' });
    }
    expect((await admin.call('release.list', {})).releases).toEqual([]);
    admin.close();
  } finally {
    await master.close();
  }
});

test('what reaches a process reaches it as it is, and no shell; no name of a log file leads out', async () => {
  const agentDir = newAgentDir();
  const master: TestMaster = await startMaster({ limits: { minReadyMs: 1 } });
  const marks = join(agentDir, 'marks');
  mkdirSync(marks);
  try {
    const agent = await spawnAgent({
      ...{ stateDir: agentDir, masterUrl: master.url, tokenFile: master.tokenFile('agent') },
    });
    const admin = await connectCockpit(master);
    await waitFor('the node', async () => {
      const { nodes } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
      return nodes[0]?.link === 'up';
    });
    const touch = `touch ${join(marks, 'evil')}`;
    const evil = [
      `$(${touch})`,
      `\`${touch}\``,
      `; ${touch};`,
      `'; ${touch}; '`,
      `"; ${touch}; "`,
      `\n${touch}\n`,
    ];
    const env = Object.fromEntries(evil.map((text, at) => [`EVIL_${at}`, text]));
    const args = [...evil, ...METACHARACTERS.filter((text) => !text.includes('\0'))];
    const entry = 'run me; touch x.js';
    await admin.call('service.create', {
      spec: {
        ...{ name: 'web', type: 'node', entry, args, env, graceMs: 100 },
        health: { kind: 'command', command: ['/bin/echo', ...evil], intervalMs: 100, timeoutMs: 5_000 },
      },
    });
    const program = `
      console.log(JSON.stringify([process.argv.slice(2), Object.entries(process.env).filter(([k]) => k.startsWith('EVIL_'))]));
      setInterval(() => {}, 1000);`;
    const content = tarOf({ [entry]: program });
    const { releaseId } = await uploadPackage(master, { serviceName: 'web', version: '1', content });
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const { instance } = await admin.call('instance.create', { serviceName: 'web', nodeId: 1, port });
    const { instanceId } = instance;
    await admin.call('rollout.create', { releaseId, instanceIds: [instanceId] });
    const line = await waitFor('its output', async () => {
      const read = await admin.call('log.read', { instanceId, from: 'head' }).catch(() => null);
      return Buffer.from(read?.data ?? [])
        .toString()
        .split('\n')
        .find((each) => each.startsWith('[['));
    });
    const [seenArgs, seenEnv] = JSON.parse(line) as [string[], [string, string][]];
    expect(seenArgs).toEqual(args);
    expect(Object.fromEntries(seenEnv)).toEqual(env);
    await waitFor('a check of its health', async () => {
      const { instances } = await admin.call('fleet.watch', { scope: { kind: 'all' } });
      return instances[0]?.status?.health.state === 'healthy';
    });
    expect(existsSync(join(marks, 'evil'))).toBe(false);

    const known = (await admin.call('log.files', { instanceId })).files.map(({ name }) => name);
    const secret = readFileSync(master.tokenFile('agent'), 'utf8').trim();
    const ways = [
      ...TRAVERSALS,
      '../../../agent.json',
      join(agentDir, 'agent.json'),
      master.tokenFile('agent'),
    ];
    for (const file of ways.filter((name) => name !== '' && !known.includes(name))) {
      for (const ask of [
        admin.call('log.read', { instanceId, file, from: 'head' }),
        admin.call('log.search', { instanceId, file, from: 'head', pattern: '.', syntax: 'regex' }),
      ]) {
        const [outcome] = await Promise.allSettled([ask]);
        expect([file, outcome.status]).toEqual([file, 'rejected']);
        expect(JSON.stringify(outcome)).not.toContain(secret);
      }
    }
    for (const pattern of METACHARACTERS.filter((text) => !text.includes('\n'))) {
      const found = await admin.call('log.search', { instanceId, from: 'head', pattern });
      expect(found.scannedBytes).toBeGreaterThan(0);
    }
    await admin.call('instance.stop', { instanceIds: [instanceId] });
    admin.close();
    await agent.close();
  } finally {
    await master.close();
    await removeAgentDir(agentDir);
  }
});
