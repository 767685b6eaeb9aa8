import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDirectory } from '../../common/doctor/checks.ts';
import { examine, type Finding, printFindings } from '../../common/doctor/finding.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { isOpenToOthers, parseMasterAddress } from '../../common/protocol/master-address.ts';
import { masterConfigSchema } from '../../master/config.ts';
import { examineMaster } from '../../master/doctor.ts';
import { agentConfigSchema } from '../../node/config.ts';
import { examineNode, fileSystemOf } from '../../node/doctor.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { canMountDisks, fillDisk, mountSmallDisk, unmountSmallDisk } from '../support/small-disk.ts';

const VERSION = '0.0.0-test';
let stateDir: string;
let master: TestMaster | null = null;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sgrid-doctor-'));
});
afterEach(async () => {
  await master?.close();
  master = null;
  rmSync(stateDir, { recursive: true, force: true });
});

const seen = (findings: Finding[], what: string): Finding => {
  const finding = findings.find((each) => each.what === what);
  if (finding === undefined) throw new Error(`nothing was said of ${what}`);
  return finding;
};

const node = (mainNode: string, version = VERSION) =>
  examineNode(agentConfigSchema.parse({ mainNode, stateDir, nodePort: 0, cgroupDriver: 'none' }), version);

test.skipIf(!canMountDisks())(
  'a full disk is more than a warning: nothing of ours starts on it',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'sgrid-doctor-disk-'));
    mountSmallDisk(disk);
    try {
      fillDisk(disk);
      expect(await checkDirectory(disk)).toMatchObject({
        level: 'bad',
        text: expect.stringMatching(/: 0 MiB free/),
      });
    } finally {
      unmountSmallDisk(disk);
    }
  },
);

describe('a node', () => {
  test('with its token and its master is well', async () => {
    master = await startMaster({ tls: true });
    writeFileSync(join(stateDir, 'agent.token'), master.token('agent'), { mode: 0o600 });
    const findings = await node(master.url);
    expect(findings.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(seen(findings, 'master').text).toMatch(/answers, version 0\.0\.0-test$/);
    expect(seen(findings, 'token').level).toBe('ok');
    expect(seen(findings, 'cgroups')).toMatchObject({ level: 'warn' });
  });

  test('with a token that the master does not take', async () => {
    master = await startMaster({ tls: true });
    for (const [token, text] of [
      ['sgrid_agent_guessed', 'does not know the token'],
      [master.token('viewer'), 'takes the role agent'],
    ] as const) {
      writeFileSync(join(stateDir, 'agent.token'), token, { mode: 0o600 });
      const found = seen(await node(master.url), 'token');
      expect(found).toMatchObject({ level: 'bad', text: expect.stringContaining(text) });
      expect(found.text).not.toContain(token);
    }
  });

  test('with the address of a certificate that nobody vouches for, and no fingerprint', async () => {
    master = await startMaster({ tls: true });
    const found = seen(await node(master.url.replace(/#.*/, '')), 'master');
    expect(found).toMatchObject({ level: 'bad', hint: expect.stringContaining('#sha256:') });
  });

  test('without a token, with one that all can read, and with an empty one', async () => {
    const mainNode = 'http://127.0.0.1:9';
    expect(seen(await node(mainNode), 'token')).toMatchObject({ level: 'bad' });
    const file = join(stateDir, 'agent.token');
    writeFileSync(file, 'secret');
    chmodSync(file, 0o644);
    expect(seen(await node(mainNode), 'token')).toMatchObject({
      level: 'warn',
      hint: expect.stringContaining('chmod 600'),
    });
    writeFileSync(file, '');
    expect(seen(await node(mainNode), 'token')).toMatchObject({ level: 'bad' });
  });

  test('whose master is away, is another one, or is of another version', async () => {
    expect(seen(await node('http://127.0.0.1:9'), 'master')).toMatchObject({
      level: 'bad',
      hint: expect.stringContaining('firewall'),
    });
    master = await startMaster({ tls: true });
    const wrongPin = master.url.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
    expect(seen(await node(wrongPin), 'master')).toMatchObject({
      level: 'bad',
      text: expect.stringContaining('another certificate'),
    });
    expect(seen(await node(master.url, '9.9.9'), 'master')).toMatchObject({ level: 'warn' });
  });

  test('where something else answers, which no secret of ours means anything to', async () => {
    const file = join(stateDir, 'agent.token');
    writeFileSync(file, 'sgrid_agent_x', { mode: 0o600 });
    const other = createHttpServer((_, response) => response.writeHead(401).end('<h1>Who are you?</h1>'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const findings = await node(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
      expect(seen(findings, 'master')).toMatchObject({
        level: 'bad',
        text: expect.stringMatching(/^what answers at http:.* is no master$/),
        hint: expect.stringContaining('mainNode'),
      });
      expect(seen(findings, 'token')).toMatchObject({ level: 'ok' });
    } finally {
      other.close();
    }
  });

  test.each([
    ['http://127.0.0.2:1', false],
    ['http://[::1]:1', false],
    ['localhost:1', false],
    ['http://10.0.0.1:15872', true],
    ['http://[fd00::1]:15872', true],
    [`https://10.0.0.1:15872#sha256:${'0'.repeat(64)}`, false],
  ])('whose master is at %s: whether others can read its token is %j', (mainNode, isOpen) => {
    expect(isOpenToOthers(parseMasterAddress(mainNode))).toBe(isOpen);
  });

  test('the file system of a path is that of the longest mount point above it', () => {
    const mounts = [
      'rootfs / rootfs rw 0 0',
      '/dev/a / ext4 rw 0 0',
      '/dev/b /var/lib xfs rw 0 0',
      'tmpfs /var/li tmpfs rw 0 0',
      'x /mnt/a\\040b btrfs rw 0 0',
    ].join('\n');
    expect(fileSystemOf('/var/lib/sgridnode', mounts)).toBe('xfs');
    expect(fileSystemOf('/var/lib', mounts)).toBe('xfs');
    expect(fileSystemOf('/var/libx', mounts)).toBe('ext4');
    expect(fileSystemOf('/mnt/a b/c', mounts)).toBe('btrfs');
  });
});

describe('a master', () => {
  const examined = (config: object) =>
    examineMaster(masterConfigSchema.parse({ stateDir, httpPort: 0, ...config }), Date.now);

  test('before its first start is well', async () => {
    const findings = await examined({ tls: true, host: '0.0.0.0' });
    expect(findings.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(seen(findings, 'encryption').text).toMatch(/made at the first start/);
  });

  test('that runs is looked at without being disturbed', async () => {
    master = await startMaster({ stateDir, tls: true });
    const findings = await examined({ tls: true, httpPort: master.port });
    expect(findings.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(seen(findings, 'port').text).toContain(`process ${process.pid}`);
    expect(seen(findings, 'database').text).toMatch(/is sound, schema \d+$/);
    expect(seen(findings, 'encryption').text).toContain(master.url.slice(-64));
  });

  test('with a damaged database, a taken port, plain text where others listen, tokens that all can read', async () => {
    writeFileSync(join(stateDir, 'sgridnext.db'), 'no database at all, but long enough to be looked at');
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    mkdirSync(join(stateDir, 'tokens'));
    writeFileSync(join(stateDir, 'tokens/admin.token'), 'secret');
    chmodSync(join(stateDir, 'tokens/admin.token'), 0o644);
    const { port } = holder.address() as AddressInfo;
    const findings = await examined({ httpPort: port });
    holder.close();
    expect(seen(findings, 'database')).toMatchObject({
      level: 'bad',
      hint: expect.stringContaining('restore a backup'),
    });
    expect(seen(findings, 'port')).toMatchObject({ level: 'bad', hint: expect.stringContaining('ss -ltnp') });
    expect(seen(findings, 'tokens').level).toBe('warn');
    expect(seen(findings, 'reach').level).toBe('warn');
    expect(seen(await examined({ host: '0.0.0.0' }), 'encryption')).toMatchObject({
      level: 'bad',
      hint: expect.stringContaining('"tls": true'),
    });
  });
});

test('a check that fails is a finding, and what is bad makes the exit status', async () => {
  const findings = await examine({
    first: () => ({ level: 'ok', text: 'fine' }),
    second: () => {
      throw new SgridError('not_found', 'gone', { hint: 'look for it' });
    },
  });
  let printed = '';
  const stdout = {
    write: (text: string) => {
      printed += text;
    },
  } as never;
  expect(printFindings(findings, stdout)).toBe(1);
  expect(printed).toBe(
    'ok    first   fine\nBAD   second  gone\n              → look for it\n1 ok, 0 to look at, 1 bad\n',
  );
  expect(printFindings(findings.slice(0, 1), stdout)).toBe(0);
});
