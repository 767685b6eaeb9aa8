import { existsSync, rmSync } from 'node:fs';
import { describeError, SgridError } from '../../../common/protocol/errors.ts';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { type CliIo, printLine } from '../io.ts';
import { type LocalLayout, makeDirectories } from './layout.ts';
import { findServiceProcesses } from './leftovers.ts';
import { type LocalSystem, openLocalSystem, type WantedPorts } from './local-system.ts';
import { localStateFile, readLocalState } from './state.ts';
import { endLeftovers, listRunning, stopServices } from './stop-services.ts';
import { waitForLock } from './up.ts';

/**
 * Stops the local system whole: services first and gracefully, then the agent, then the master. Leaves no process, and
 * says so only after having looked.
 *
 * @param options.ports where its master and agent are to be, should one be started for this and no record say it.
 * @throws SgridError `stop_failed` naming what would not end.
 */
export async function down(
  layout: LocalLayout,
  options: { purge: boolean; ports: WantedPorts },
  io: CliIo,
): Promise<void> {
  const say = (text: string): void => printLine(io.stderr, `sgrid: ${text}`);
  if (!existsSync(layout.stateDirectory)) {
    say('nothing runs here');
    return;
  }
  makeDirectories(layout);
  const lock = await waitForLock(layout, io);
  try {
    await stopAll(layout, options.ports, io);
    if (options.purge) purge(layout);
  } finally {
    lock.release();
  }
  say(options.purge ? `everything is stopped; ${layout.stateDirectory} is removed` : 'everything is stopped');
}

async function stopAll(layout: LocalLayout, ports: WantedPorts, io: CliIo): Promise<void> {
  const say = (text: string): void => printLine(io.stderr, `sgrid: ${text}`);
  const system = openSystem(layout, ports, io);
  const servicesRun = findServiceProcesses(layout.nodeDirectory).length > 0;
  if (servicesRun) await stopGracefully(system, say);
  const stubborn = await system.takeDown();
  const ended = await endLeftovers(layout.nodeDirectory);
  for (const { identity, name } of ended) say(`ended from the process list: ${name} (pid ${identity.pid})`);
  if (stubborn.length > 0) {
    throw new SgridError('stop_failed', `would not end: ${stubborn.join(', ')}`, {
      hint: 'look at what they wait for with "ps -o pid,stat,wchan,cmd"',
    });
  }
}

/** A damaged record of what runs is no reason to leave it running: the components' own locks know their pids and port too. */
function openSystem(layout: LocalLayout, ports: WantedPorts, io: CliIo): LocalSystem {
  try {
    const recorded = readLocalState(layout.stateDirectory) !== null;
    return openLocalSystem(layout, recorded ? { httpPort: undefined, nodePort: undefined } : ports, io);
  } catch (error) {
    if (!(error instanceof SgridError) || error.code !== 'conflict') throw error;
    printLine(io.stderr, `sgrid: ${error.message}; going by what runs`);
    rmSync(localStateFile(layout.stateDirectory), { force: true });
    return openLocalSystem(layout, ports, io);
  }
}

/**
 * Through the master, as anybody would: with its grace period, its audit event and its exit result. Where the master or
 * the agent is gone it is started for this, since only the agent knows what it runs.
 */
async function stopGracefully(system: LocalSystem, say: (text: string) => void): Promise<void> {
  let client: MasterClient | undefined;
  try {
    client = await system.bringUp();
    const running = await listRunning(client);
    system.update({ stoppedByDown: [...new Set([...system.state().stoppedByDown, ...running])] });
    const failures = await stopServices(client);
    for (const failure of failures)
      say(`not stopped by the agent, so looked for in the process list: ${failure}`);
    if (failures.length === 0) say(`services stopped: ${running.length}`);
  } catch (error) {
    say(`the services cannot be stopped through the master: ${describeError(error)}`);
    say('ending their processes one by one instead');
  } finally {
    client?.close();
  }
}

function purge({ stateDirectory }: LocalLayout): void {
  try {
    rmSync(stateDirectory, { recursive: true, force: true });
  } catch (error) {
    throw explainFileError(error, stateDirectory);
  }
}
