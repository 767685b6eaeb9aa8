import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookUpAccount, parsePasswd } from '../../../node/process/account.ts';
import { readExit, readStarted } from '../../../node/process/records.ts';
import { resolveRunAs } from '../../../node/process/run-as.ts';
import { noGroup, runShim } from '../../support/agent-shim.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-run-as-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lookUp = async (name: string) => ({ name, uid: 1234, gid: 5678, home: '/home/web' });

test('a line of passwd is found by the very name', () => {
  const text =
    'webs:x:1:1::/a:/bin/sh\nweb:x:1000:1001:a,b:/home/web:/bin/sh\nodd:x:no:1::/:\nbare:x:7:8:::\n';
  expect(parsePasswd(text, 'web')).toEqual({ name: 'web', uid: 1000, gid: 1001, home: '/home/web' });
  expect(parsePasswd(text, 'bare')).toMatchObject({ home: '/' });
  expect(parsePasswd(text, 'odd')).toBeNull();
  expect(parsePasswd(text, '1000')).toBeNull();
});

test('users are looked up for real, and in the file where there is no getent', async () => {
  expect(await lookUpAccount('root')).toMatchObject({ uid: 0, gid: 0 });
  await expect(lookUpAccount('no_such_user')).rejects.toMatchObject({ code: 'not_found' });
  // getent would find root by this; a service must name a user.
  await expect(lookUpAccount('0')).rejects.toMatchObject({ code: 'not_found' });
  const passwdFile = join(directory, 'passwd');
  writeFileSync(passwdFile, 'web:x:7:8::/w:\n');
  const without = { getent: join(directory, 'no-getent'), passwdFile };
  expect(await lookUpAccount('web', without)).toMatchObject({ uid: 7, gid: 8 });
  await expect(lookUpAccount('other', without)).rejects.toMatchObject({ code: 'not_found' });
});

test('a lookup that breaks is no user that is missing', async () => {
  writeFileSync(join(directory, 'getent'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  await expect(lookUpAccount('web', { getent: join(directory, 'getent') })).rejects.toMatchObject({
    code: 'busy',
  });
});

test('another user takes setpriv and root; oneself takes nothing', async () => {
  const setprivFiles = [join(directory, 'none'), '/bin/sh'];
  expect((await resolveRunAs('web', 0, { lookUp, setprivFiles }))?.prefix).toEqual([
    ...['/bin/sh', '--reuid=web', '--regid=5678', '--init-groups', '--inh-caps=-all', '--'],
  ]);
  expect(await resolveRunAs('web', 1234, { lookUp, setprivFiles: [] })).toBeNull();
  await expect(resolveRunAs('web', 99, { lookUp })).rejects.toMatchObject({
    code: 'permission_denied',
    message: 'the agent may not start a program as web: it is not root',
  });
  await expect(resolveRunAs('web', 0, { lookUp, setprivFiles: [] })).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('setpriv is not on this node'),
  });
});

test.skipIf(process.getuid?.() !== 0 || !existsSync('/usr/bin/setpriv'))(
  'the shim records and logs as the agent, and the program is the other user, also behind a command that enters its group',
  async () => {
    chmodSync(directory, 0o755);
    const runAs = await resolveRunAs('nobody', 0);
    for (const execPrefix of [[], ['/usr/bin/env']]) {
      const run = runShim(directory, ['/bin/sh', '-c', 'id -un; id -G'], {
        runId: `${execPrefix.length}-x`,
        logFile: join(directory, `${execPrefix.length}.log`),
        group: { ...noGroup, execPrefix },
        dropRights: runAs?.prefix ?? [],
      });
      await run.ended;
      expect(readExit(run.record)).toMatchObject({ code: 0 });
      expect(readStarted(run.record)).not.toBeNull();
      expect(run.log()).toBe('nobody\n65534\n');
      expect(statSync(join(directory, `${execPrefix.length}.log`)).uid).toBe(0);
    }
  },
);
