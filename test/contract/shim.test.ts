import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identify } from '../../common/system/process-identity.ts';
import { probeSignalReset } from '../../node/process/launcher.ts';
import { readExit, readStarted } from '../../node/process/records.ts';
import { findShims } from '../../node/process/shims.ts';
import { noGroup, runShim, until } from '../support/agent-shim.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-shim-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** busybox has no file named ash on Debian: it goes by the name it is called with. */
function shellFile(name: string): string | null {
  const file = `/usr/bin/${name}`;
  if (!existsSync(file)) return null;
  if (name !== 'busybox') return file;
  const link = join(directory, 'ash');
  symlinkSync(file, link);
  return link;
}

const endings = [
  ...[0, 1, 119, 127, 130, 137, 143, 145, 255].map((code) => ({
    how: `exit ${code}`,
    script: `exit ${code}`,
    result: { code, signal: null },
  })),
  ...(
    [
      [1, 'SIGHUP'],
      [2, 'SIGINT'],
      [6, 'SIGABRT'],
      [9, 'SIGKILL'],
      [11, 'SIGSEGV'],
      [13, 'SIGPIPE'],
      [15, 'SIGTERM'],
      [40, 'SIGRTMIN+6'],
    ] as const
  ).map(([number, signal]) => ({
    how: signal,
    script: `ulimit -c 0; kill -${number} $$; exit 77`,
    result: { code: null, signal },
  })),
];

for (const shell of ['dash', 'bash', 'busybox']) {
  describe.skipIf(!existsSync(`/usr/bin/${shell}`))(shell, () => {
    test('records how a program ended, and knows exit(137) from SIGKILL', async () => {
      const file = shellFile(shell) ?? '';
      const resetSignals = await probeSignalReset();
      const runs = endings.map(({ how, script, result }, index) => ({
        how,
        result,
        run: runShim(directory, ['/bin/dash', '-c', script], {
          shell: file,
          runId: `${index}-x`,
          resetSignals,
        }),
      }));
      for (const { how, result, run } of runs) {
        await run.ended;
        expect({ how, ...readExit(run.record) }).toEqual({ how, ...result, endedAt: expect.any(Number) });
      }
    });

    test('is not ended, and leaves nothing ignored in the program', async () => {
      const run = runShim(directory, ['/bin/sleep', '60'], {
        shell: shellFile(shell) ?? '',
        resetSignals: await probeSignalReset(),
      });
      const started = await until('the started record', () => readStarted(run.record));
      const proc = (file: string) => readFileSync(`/proc/${started.program.pid}/${file}`, 'utf8');
      try {
        await until('the program', () => proc('comm') === 'sleep\n');
        expect(proc('status')).toMatch(/SigIgn:\t0{16}\n/);
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1'] as const)
          process.kill(run.shimPid, signal);
        expect(identify(run.shimPid)?.startTicks).toBe(started.shim.startTicks);
        process.kill(started.program.pid, 'SIGSTOP');
        process.kill(started.program.pid, 'SIGCONT');
        expect(readExit(run.record)).toBeNull();
      } finally {
        process.kill(started.program.pid, 'SIGTERM');
        await run.ended;
      }
      expect(readExit(run.record)).toMatchObject({ code: null, signal: 'SIGTERM' });
    });

    test.skipIf(!existsSync('/dev/full'))(
      'a group that cannot be entered is a failed start, never a run outside',
      async () => {
        const file = shellFile(shell) ?? '';
        const full = { ...noGroup, procsFiles: ['/dev/full'] };
        const outside = runShim(directory, ['/bin/echo', 'it ran'], {
          shell: file,
          runId: '1-g',
          group: full,
        });
        const shims = runShim(directory, ['/bin/echo', 'it ran'], { shell: file, runId: '2-g', shims: full });
        await Promise.all([outside.ended, shims.ended]);
        expect(readStarted(outside.record)).toBeNull();
        expect(readExit(outside.record)).toMatchObject({ code: 120 });
        expect(readExit(shims.record)).toMatchObject({ code: 119 });
        expect(outside.log()).toContain('cannot enter the cgroup /dev/full');
        expect(outside.log()).not.toContain('it ran');
      },
    );

    test('ends with its program when the state directory was removed under it', async () => {
      const run = runShim(directory, ['/bin/sleep', '60'], { shell: shellFile(shell) ?? '' });
      const started = await until('the started record', () => readStarted(run.record));
      rmSync(join(directory, 'runs'), { recursive: true });
      try {
        process.kill(started.program.pid, 'SIGTERM');
        // bash once asked for its job for ever here
        await until('the end of the shim', () => identify(run.shimPid) === null);
      } finally {
        if (identify(run.shimPid)?.startTicks === started.shim.startTicks)
          process.kill(run.shimPid, 'SIGKILL');
      }
    });

    test('a missing working directory or log is a failed start', async () => {
      const file = shellFile(shell) ?? '';
      const none = join(directory, 'none');
      const away = runShim(directory, ['/bin/true'], { shell: file, runId: '1-d', workDirectory: none });
      const mute = runShim(directory, ['/bin/true'], {
        shell: file,
        runId: '2-d',
        logFile: join(none, 'log'),
      });
      await Promise.all([away.ended, mute.ended]);
      expect([readStarted(away.record), readExit(away.record)]).toMatchObject([null, { code: 121 }]);
      expect([readStarted(mute.record), readExit(mute.record)]).toMatchObject([null, { code: 123 }]);
    });

    test('gives the program its environment, arguments and directory as they are, and appends to the log', async () => {
      writeFileSync(join(directory, 'stdout.log'), 'old\n');
      const script = join(directory, 'a b.sh');
      writeFileSync(
        script,
        '#!/bin/sh\necho "$#|$1|$2|$PWD|$ODD|$SGRID_INSTANCE_KEY|$LC_ALL"; echo err >&2; cat\n',
      );
      chmodSync(script, 0o755);
      const run = runShim(directory, [script, 'a  b', '$(id) "*"'], {
        shell: shellFile(shell) ?? '',
        env: { PATH: '/usr/bin:/bin', ODD: 'x\ny', LC_ALL: 'C.UTF-8' },
      });
      await run.ended;
      expect(run.log()).toBe(`old\n2|a  b|$(id) "*"|${directory}|x\ny|sgrid-test-7|C.UTF-8\nerr\n`);
    });
  });
}

test('a shim is found by its run id, and carries no instance key itself', async () => {
  const run = runShim(directory, ['/bin/sleep', '60'], { runId: '3-find' });
  const started = await until('the started record', () => readStarted(run.record));
  try {
    expect(findShims().get('3-find')).toMatchObject(started.shim);
    expect(readFileSync(`/proc/${run.shimPid}/environ`, 'utf8')).not.toContain('SGRID_INSTANCE_KEY');
  } finally {
    process.kill(started.program.pid, 'SIGKILL');
    await run.ended;
  }
  expect(findShims().has('3-find')).toBe(false);
});
