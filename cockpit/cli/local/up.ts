import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { acquireLock, type FileLock } from '../../../common/system/lock-file.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { readTokenFile } from '../../client/token-file.ts';
import { type CliIo, printLine, terminalOf } from '../io.ts';
import { INSTANCE_COLUMNS, instanceRows, NODE_COLUMNS, nodeRows } from '../rows.ts';
import { formatTable } from '../table.ts';
import { showCockpit } from '../verbs/open.ts';
import { deploySamples } from './first-run.ts';
import { type LocalLayout, makeDirectories } from './layout.ts';
import { findServiceProcesses } from './leftovers.ts';
import { type LocalSystem, openLocalSystem, type WantedPorts } from './local-system.ts';
import { findMissing, waitFigures, waitRunning } from './readiness.ts';
import { stopServices } from './stop-services.ts';
import { pollUntil } from './wait.ts';

const LOCK_TIMEOUT_MS = 180_000;

/**
 * Brings the local system up, or attaches to what of it runs, and shows it: the cockpit on a terminal, else one table.
 *
 * @throws SgridError saying what cannot come up and what to do. What this call had started is stopped again; services
 *   that ran before are never touched.
 * @param wanted `samplePort`: the first port to try for a sample service; undefined for the samples' own.
 */
export async function up(
  layout: LocalLayout,
  wanted: WantedPorts & { samplePort: number | undefined },
  io: CliIo,
): Promise<void> {
  makeDirectories(layout);
  const lock = await waitForLock(layout, io);
  let system: LocalSystem;
  try {
    system = openLocalSystem(layout, wanted, io);
    await bringUp(system, wanted.samplePort, io);
  } finally {
    lock.release();
  }
  await show(system, io);
}

/** Two at once: the second waits, then finds everything running. */
export async function waitForLock({ lockFile }: LocalLayout, io: CliIo): Promise<FileLock> {
  let told = false;
  let refusal: unknown;
  const lock = await pollUntil(
    () => {
      try {
        return acquireLock(lockFile, 'the local system');
      } catch (error) {
        if (!(error instanceof SgridError) || error.code !== 'conflict') throw error;
        refusal = error;
        if (!told)
          printLine(io.stderr, `sgrid: ${error.message} (another "sgrid up" or "sgrid down"); waiting`);
        told = true;
        return null;
      }
    },
    { timeoutMs: LOCK_TIMEOUT_MS, intervalMs: 200, signal: io.signal },
  );
  if (lock === null) throw refusal;
  return lock;
}

async function bringUp(system: LocalSystem, samplePort: number | undefined, io: CliIo): Promise<void> {
  const { layout } = system;
  const servicesRanBefore = findServiceProcesses(layout.nodeDirectory).length > 0;
  const client = await system.bringUp();
  try {
    if (!system.state().samplesDeployed) {
      await deploySamples(client, layout, samplePort, (text) => printLine(io.stderr, `sgrid: ${text}`));
      system.update({ samplesDeployed: true });
    }
    await startAgain(system, client);
    await waitRunning(client, io.signal);
  } catch (error) {
    if (!servicesRanBefore) await stopServices(client).catch(() => undefined);
    await system.undo();
    throw error;
  } finally {
    client.close();
  }
}

/** What `sgrid down` stopped runs again; what the user had stopped stays so. */
async function startAgain(system: LocalSystem, client: MasterClient): Promise<void> {
  const wanted = new Set(system.state().stoppedByDown);
  if (wanted.size === 0) return;
  const { instances } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const instanceIds = instances
    .filter((instance) => wanted.has(instance.instanceId) && instance.desired === 'stopped')
    .map((instance) => instance.instanceId);
  if (instanceIds.length > 0) await client.call('instance.start', { instanceIds });
  system.update({ stoppedByDown: [] });
}

async function show(system: LocalSystem, io: CliIo): Promise<void> {
  const { token } = readTokenFile(system.layout.operatorTokenFile);
  const target = { url: system.url(), token, warning: null };
  if (terminalOf(io) !== null) {
    try {
      await showCockpit(target, io);
    } finally {
      printLine(io.stderr, 'sgrid: the services keep running');
      printLine(
        io.stderr,
        '       come back with "npm start" or "sgrid"; stop everything with "npm run stop"',
      );
    }
    return;
  }
  // What ran a moment ago may have ended since: the exit status is about what the table shows.
  const missing = findMissing((await printReport(system, io)).instances);
  if (missing.length === 0) return;
  const list = missing.map(
    ({ instanceId, serviceName, status }) =>
      `${serviceName} (instance ${instanceId}) is ${status?.state ?? 'unreported'}${status?.reason ? `: ${status.reason}` : ''}`,
  );
  throw new SgridError('start_failed', list.join('; '), {
    hint: `see "sgrid logs ${missing[0]?.instanceId}"`,
  });
}

async function printReport(system: LocalSystem, io: CliIo): Promise<FleetSnapshot> {
  const { openClient } = await import('../connect.ts');
  const { token } = readTokenFile(system.layout.operatorTokenFile);
  const client = await openClient({ url: system.url(), token, warning: null }, io);
  try {
    await client.ready(15_000);
    const fleet = await waitFigures(client, io.signal);
    const nodes = formatTable(NODE_COLUMNS, nodeRows(fleet));
    const instances = formatTable(INSTANCE_COLUMNS, instanceRows(fleet));
    for (const line of [...nodes, '', ...instances, '']) printLine(io.stdout, line);
    printLine(
      io.stdout,
      `The system stays up. Cockpit: npm start, or sgrid --master ${system.url()} --token-file ${system.layout.operatorTokenFile}`,
    );
    printLine(io.stdout, 'Stop everything: npm run stop');
    return fleet;
  } finally {
    client.close();
  }
}
