import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SgridError } from '../../../common/protocol/errors.ts';
import { createInstanceLog, type InstanceLog } from '../../../node/log/instance-log.ts';
import { createOpenFiles } from '../../../node/log/open-files.ts';
import { createBlockCache } from '../../../node/log/read-archive.ts';
import { recoverCut } from '../../../node/log/rotate-log.ts';
import { type LogEvent, startRotator } from '../../../node/log/rotator.ts';
import { waitFor } from '../../support/wait-for.ts';

test('a trouble is told once for each log: of one that is gone nothing is left for the next of its number', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-rotator-'));
  const openFiles = createOpenFiles(4);
  const newLog = (): InstanceLog =>
    createInstanceLog({
      ...{ file: join(directory, 'stdout.log'), openFiles, blockCache: createBlockCache(1) },
      ...{ newLineageId: () => crypto.randomUUID(), clock: Date.now, recover: recoverCut },
    });
  let now = 0;
  let log = newLog();
  let looks = 0;
  const told: LogEvent[] = [];
  const rotator = startRotator({
    *logs() {
      yield {
        instanceId: 1,
        log,
        policy: () => {
          looks += 1;
          throw new SgridError('no_space', 'no space');
        },
      };
    },
    clock: () => {
      // Far enough for any trouble to be tried again.
      now += 100_000;
      return now;
    },
    checkIntervalMs: 1,
    onEvent: (event) => told.push(event),
  });
  try {
    await waitFor('several failures', () => looks >= 3);
    expect(told.map(({ kind }) => kind)).toEqual(['failed']);
    log = newLog();
    await waitFor('that of the new log', () => told.length === 2);
  } finally {
    await rotator.close();
    openFiles.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
