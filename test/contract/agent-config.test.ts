import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigAction, ConfigContent, ConfigRef } from '../../common/domain/config-file.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { newAgentDir, removeAgentDir } from '../support/agent-process.ts';
import { until } from '../support/agent-shim.ts';
import {
  assignmentOf,
  openTestSupervisor,
  startsOf,
  type TestSupervisor,
} from '../support/agent-supervisor.ts';

/** Takes down every signal that it gets, and what its configuration says at that time. */
const PROGRAM = `#!/bin/sh
cd "$SGRID_CONF_DIR"
trap 'echo "hup $(cat app.conf)" >>"$SGRID_DATA_DIR/seen"' HUP
echo "$$" >>"$SGRID_DATA_DIR/starts"
echo "start $(cat app.conf 2>&1)" >>"$SGRID_DATA_DIR/seen"
mkfifo "$SGRID_DATA_DIR/fifo.$$"
# Opened for both, so that a signal only interrupts the reading.
exec 3<>"$SGRID_DATA_DIR/fifo.$$"
while :; do read status <&3 && exit "$status"; done
`;

let stateDir: string;
let supervisor: TestSupervisor;
/** What the master has, by versionId; a link that is down has nothing. */
let contents: Map<number, ConfigContent>;
let isLinked: boolean;
let revision: number;
let fetched: number;
beforeEach(async () => {
  stateDir = newAgentDir();
  contents = new Map();
  isLinked = true;
  revision = 0;
  fetched = 0;
  supervisor = await open();
});
afterEach(async () => {
  await supervisor.close();
  await removeAgentDir(stateDir);
});

const open = () =>
  openTestSupervisor(stateDir, {
    fetchConfig: async (_instanceId, versionId) => {
      const content = contents.get(versionId);
      if (!isLinked) throw new SgridError('disconnected', 'no master');
      if (content === undefined) throw new SgridError('not_found', 'no such version');
      fetched += 1;
      return content;
    },
  });

async function reopen(): Promise<void> {
  await supervisor.close();
  supervisor = await open();
}

/** A publication of these files. */
function publish(
  texts: Record<string, string>,
  action: ConfigAction = { kind: 'nothing' },
  secrets: Record<string, string> = {},
): ConfigRef {
  const values = Object.entries(secrets).map(([name, value], at) => ({ name, secretId: at + 1, value }));
  const files = Object.entries(texts).map(([name, text]) => {
    const versionId = contents.size + 1;
    const used = values.filter((secret) => text.includes(`:${secret.name}}`));
    contents.set(versionId, { text, secrets: used.map(({ secretId, value }) => ({ secretId, value })) });
    const sha256 = createHash('sha256').update(text).digest('hex');
    const named = used.map(({ name: secretName, secretId }) => ({ name: secretName, secretId }));
    return { name, versionId, sha256, sizeBytes: Buffer.byteLength(text), secrets: named };
  });
  return { revision: contents.size + 1, action, files };
}

const apply = (config?: ConfigRef, more = {}, spec = {}) => {
  revision += 1;
  const release = supervisor.offer({ 'main.sh': PROGRAM });
  return supervisor.apply(
    assignmentOf({ revision, release, ...(config && { config }), ...more }, { ...spec, graceMs: 100 }),
  );
};
const conf = (...path: string[]) => join(stateDir, 'instances', '1', 'conf', ...path);
const data = (...path: string[]) => join(stateDir, 'instances', '1', 'data', ...path);
const read = (name: string) => readFileSync(conf(name), 'utf8');
const seen = () => (existsSync(data('seen')) ? readFileSync(data('seen'), 'utf8').trim().split('\n') : []);
const events = (kind: string) => supervisor.ports.events.peek(100).filter((event) => event.kind === kind);
/** What is not a name that was published. */
const hidden = () => readdirSync(conf()).filter((name) => name.startsWith('..'));
const settled = (text: string) => until(`"${text}"`, () => seen().includes(text));

test('files are there before the first start, and change without a restart', async () => {
  const first = await apply(publish({ 'app.conf': 'one', 'deep/log.yaml': 'level: info' }));
  expect(first).toMatchObject({ state: 'running', configRevision: 3 });
  await settled('start one');
  expect(read('deep/log.yaml')).toBe('level: info');
  expect(readlinkSync(conf('app.conf'))).toBe('..data/app.conf');
  expect(statSync(conf('app.conf')).mode & 0o777).toBe(0o640);

  const next = await apply(publish({ 'app.conf': 'two', 'other.conf': 'new' }));
  expect(next).toMatchObject({ pid: first.pid, configRevision: 5 });
  expect([read('app.conf'), read('other.conf')]).toEqual(['two', 'new']);
  // What is no longer published is gone, with the directory that it was in.
  expect(readdirSync(conf()).sort()).toEqual([...hidden(), 'app.conf', 'other.conf'].sort());
  expect(hidden()).toHaveLength(2);
  expect(seen()).toEqual(['start one']);
  expect(events('config.delivered').map(({ message }) => message)).toEqual([
    'config 3: app.conf, deep/log.yaml',
    'config 5: app.conf, other.conf',
  ]);
  expect(readdirSync(join(stateDir, 'instances', '1')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('what the program made itself is never touched, and in the way it is named', async () => {
  await apply(publish({ 'app.conf': 'one', 'dir/a.conf': 'a' }));
  writeFileSync(conf('own.conf'), 'mine');
  writeFileSync(conf('dir', 'own.conf'), 'mine too');
  await expect(
    apply(publish({ 'app.conf': 'two', 'zz.conf': 'z', 'own.conf': 'theirs' })),
  ).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('own.conf'),
  });
  expect([read('app.conf'), read('own.conf'), hidden().length]).toEqual(['one', 'mine', 2]);
  expect(events('config.failed')).toHaveLength(1);
  await apply(publish({ 'app.conf': 'three' }));
  expect([read('app.conf'), read('own.conf'), read('dir/own.conf')]).toEqual(['three', 'mine', 'mine too']);
  expect(existsSync(conf('dir', 'a.conf'))).toBe(false);

  // A directory in the way of a file is found out after others were placed: nothing of them stays.
  symlinkSync('/etc', conf('linked'));
  await expect(
    apply(publish({ 'app.conf': 'four', 'aa.conf': 'a', 'linked/evil': 'x' })),
  ).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('linked is not a directory'),
  });
  expect(read('app.conf')).toBe('three');
  expect(lstatSync(conf('aa.conf'), { throwIfNoEntry: false })).toBeUndefined();
  expect(existsSync('/etc/evil')).toBe(false);
  expect(hidden()).toHaveLength(2);
});

test('a file that the program has replaced is replaced again', async () => {
  await apply(publish({ 'app.conf': 'one' }));
  rmSync(conf('app.conf'));
  writeFileSync(conf('app.conf'), 'edited here');
  await apply(publish({ 'app.conf': 'two' }));
  expect(read('app.conf')).toBe('two');
});

test('a signal goes once, to the run that was there, behind the files', async () => {
  const hup = { kind: 'signal', signal: 'SIGHUP' } as const;
  const { pid } = await apply(publish({ 'app.conf': 'one' }, hup));
  await settled('start one');
  const config = publish({ 'app.conf': 'two' }, hup);
  expect((await apply(config)).pid).toBe(pid);
  await settled('hup two');
  // The same again, and another change, mean no other signal.
  await apply(config, { limits: { pids: 100 } });
  await reopen();
  supervisor.verify();
  await apply(publish({ 'app.conf': 'three' }, hup));
  await settled('hup three');
  expect(seen()).toEqual(['start one', 'hup two', 'hup three']);
});

test('a signal that an agent was killed before is sent by the next, unless the program has begun anew', async () => {
  const hup = { kind: 'signal', signal: 'SIGHUP' } as const;
  await apply(publish({ 'app.conf': 'one' }));
  await settled('start one');
  const manifest = join(stateDir, 'instances', '1', 'config.json');
  const kept = JSON.parse(readFileSync(manifest, 'utf8'));
  const { runId } = JSON.parse(readFileSync(join(stateDir, 'instances', '1', 'run.json'), 'utf8')).run;
  await supervisor.close();
  writeFileSync(manifest, JSON.stringify({ ...kept, signal: { signal: hup.signal, runId: '0-before' } }));
  supervisor = await open();
  expect(supervisor.status(1)).toMatchObject({ configRevision: 2 });
  supervisor.verify();
  expect(JSON.parse(readFileSync(manifest, 'utf8')).signal).toBeNull();
  await supervisor.close();
  writeFileSync(manifest, JSON.stringify({ ...kept, signal: { signal: hup.signal, runId } }));
  supervisor = await open();
  supervisor.statuses();
  supervisor.verify();
  await settled('hup one');
  expect(seen()).toEqual(['start one', 'hup one']);
});

test('a restart comes with the files, once', async () => {
  const { pid } = await apply(publish({ 'app.conf': 'one' }));
  await settled('start one');
  const next = await apply(publish({ 'app.conf': 'two' }, { kind: 'restart' }), { restartGeneration: 1 });
  expect(next.pid).not.toBe(pid);
  await settled('start two');
  expect(startsOf(stateDir)).toHaveLength(2);
});

test('without a master it starts with what it has; what it never had keeps it from starting', async () => {
  const config = publish({ 'app.conf': 'one' });
  isLinked = false;
  await expect(apply(config)).rejects.toMatchObject({ code: 'disconnected' });
  expect(supervisor.status(1)).toMatchObject({ state: 'stopped', revision: 0 });
  isLinked = true;
  await apply(config);
  await settled('start one');
  isLinked = false;
  await reopen();
  writeFileSync(data(`fifo.${startsOf(stateDir)[0]}`), '1\n');
  await until('the next start', () => startsOf(stateDir).length === 2);
  await until('its word', () => seen().length === 2);
  expect(seen()).toEqual(['start one', 'start one']);

  // Stopped, a newer one is not lost: it is fetched at the next start, and without a master the old one serves.
  const newer = publish({ 'app.conf': 'two' });
  await apply(newer, { desired: 'stopped' });
  expect(supervisor.status(1)).toMatchObject({ state: 'stopped', configRevision: 2 });
  await expect(apply(newer)).rejects.toMatchObject({ code: 'disconnected' });
  isLinked = true;
  await apply(newer);
  await settled('start two');
});

test('what is not what was published is not written', async () => {
  await apply(publish({ 'app.conf': 'one' }));
  const config = publish({ 'app.conf': 'two' });
  contents.set(contents.size, { text: 'owt', secrets: [] });
  await expect(apply(config)).rejects.toMatchObject({ code: 'checksum_mismatch' });
  expect(read('app.conf')).toBe('one');
  expect(supervisor.status(1)).toMatchObject({ state: 'running', configRevision: 2 });
});

test('secrets are filled in, in a file for its owner alone', async () => {
  await apply(
    publish(
      { 'app.conf': `p=\${secret:db} $\${secret:db}`, 'plain.conf': 'x' },
      { kind: 'nothing' },
      { db: '$&s3' },
    ),
  );
  expect(read('app.conf')).toBe(`p=$&s3 \${secret:db}`);
  expect(statSync(conf('app.conf')).mode & 0o777).toBe(0o600);
  expect(statSync(conf('plain.conf')).mode & 0o777).toBe(0o640);
  const state = readFileSync(join(stateDir, 'instances', '1', 'assignment.json'), 'utf8');
  expect(state + JSON.stringify(supervisor.ports.events.peek(100))).not.toContain('$&s3');
});

test('an agent that was killed on the way leaves the old files, and the next one cleans up', async () => {
  await apply(publish({ 'app.conf': 'one' }));
  const own = join(stateDir, 'instances', '1');
  mkdirSync(join(own, '.config-0123456789ab'));
  mkdirSync(conf('..9-0123456789ab'));
  symlinkSync('..9-0123456789ab', conf('..tmp-0123456789ab'));
  symlinkSync('..data/new.conf', conf('new.conf'));
  await reopen();
  expect(read('app.conf')).toBe('one');
  await apply(publish({ 'app.conf': 'two', 'new.conf': 'n' }));
  expect([read('app.conf'), read('new.conf'), hidden().length]).toEqual(['two', 'n', 2]);
  expect(readdirSync(own).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a removed instance leaves none of its published files', async () => {
  await apply(publish({ 'app.conf': 'one', 'dir/a.conf': 'a' }));
  writeFileSync(conf('own.conf'), 'mine');
  await supervisor.remove(1);
  expect(readdirSync(conf())).toEqual(['own.conf']);
  expect(existsSync(join(stateDir, 'instances', '1', 'config.json'))).toBe(false);
});

test('one publication is fetched once', async () => {
  const config = publish({ 'app.conf': 'one', 'b.conf': 'b' });
  await apply(config);
  await apply(config, { limits: { pids: 50 } });
  await apply(config, { restartGeneration: 1 });
  expect(fetched).toBe(2);
});

describe.skipIf(process.getuid?.() !== 0)('as another user', () => {
  test('files are hers, directories of published files are not', async () => {
    const passwd = readFileSync('/etc/passwd', 'utf8');
    const uid = Number(/^nobody:[^:]*:(\d+):/m.exec(passwd)?.[1]);
    for (const directory of [stateDir, join(stateDir, 'instances')]) {
      mkdirSync(directory, { recursive: true });
    }
    const config = publish(
      { 'app.conf': `\${secret:db}`, 'dir/a.conf': 'a' },
      { kind: 'nothing' },
      { db: 'hush' },
    );
    await apply(config, { desired: 'stopped' }, { runAs: 'nobody' });
    const set = conf(readlinkSync(conf('..data')));
    expect(statSync(conf('app.conf'))).toMatchObject({ uid, mode: 0o100600 });
    expect(statSync(conf('dir', 'a.conf')).uid).toBe(uid);
    expect([statSync(conf()).uid, statSync(conf('dir')).uid]).toEqual([uid, uid]);
    expect([statSync(set).uid, statSync(join(set, 'dir')).uid]).toEqual([0, 0]);

    // With a link of hers in the place of one of ours, nothing is written or removed elsewhere.
    const elsewhere = join(stateDir, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'a.conf'), 'not hers');
    rmSync(conf('dir'), { recursive: true });
    symlinkSync(elsewhere, conf('dir'));
    await apply(publish({ 'app.conf': 'two' }), { desired: 'stopped' }, { runAs: 'nobody' });
    expect(readFileSync(join(elsewhere, 'a.conf'), 'utf8')).toBe('not hers');
    expect(read('app.conf')).toBe('two');
  });
});
