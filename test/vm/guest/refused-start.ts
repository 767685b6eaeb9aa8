import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { english } from '../../../common/domain/said.ts';
import { explainNotStarted, readExit, readStarted } from '../../../node/process/records.ts';
import { noGroup, runShim, until } from '../../support/agent-shim.ts';

/** Starts a program behind a real shim by the command that is given, and says what an agent would say of that start. */
const group = { ...noGroup, execPrefix: process.argv.slice(2) };
const run = runShim(mkdtempSync(join(tmpdir(), 'refused-')), ['/bin/echo', 'it ran'], { group });
const exit = await until('its end', () => readExit(run.record));
const isStarted = readStarted(run.record) !== null;
process.stdout.write(
  isStarted ? 'it was started\n' : `${english(explainNotStarted(run.record, exit))}\n${run.log()}`,
);
