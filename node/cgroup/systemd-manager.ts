import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { encodeProperties, type UnitProperty } from './systemd-units.ts';

/** A call to process 1 that takes longer is not answered any more: D-Bus itself gives up after 25 s. */
const CALL_TIMEOUT_MS = 25_000;

/** The part of systemd's manager that the driver uses, over its own command line tools. */
export interface SystemdManager {
  /** Version of the running systemd, for example 252. */
  version(): Promise<number>;
  /** Starts a transient slice. Answers when it is queued. */
  startSlice(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Changes properties of a loaded unit until the next boot. Answers before they are applied. */
  setProperties(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Stops a unit and waits for that. One that is not there counts as stopped. */
  stop(unit: string): Promise<void>;
}

/** @throws SgridError `timeout` when systemd does not answer, `conflict` with its own words when it refuses. */
export function createSystemdManager(): SystemdManager {
  const call = (method: string, ...args: string[]): Promise<string> =>
    run('busctl', [
      ...['--system', '--no-pager', '--quiet', '--', 'call', 'org.freedesktop.systemd1'],
      ...['/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', method],
      ...args,
    ]);
  return {
    async version() {
      const text = await run('busctl', [
        ...['--system', '--no-pager', '--', 'get-property', 'org.freedesktop.systemd1'],
        ...['/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'Version'],
      ]);
      return Number.parseInt(/\d+/.exec(text)?.[0] ?? '0', 10);
    },
    async startSlice(unit, properties) {
      // Name, mode of the job, properties, no further units. `fail`: in conflict with another job, do nothing.
      await call(
        'StartTransientUnit',
        'ssa(sv)a(sa(sv))',
        unit,
        'fail',
        ...encodeProperties(properties),
        '0',
      );
    },
    async setProperties(unit, properties) {
      // true: for the run of the machine, not into /etc.
      await call('SetUnitProperties', 'sba(sv)', unit, 'true', ...encodeProperties(properties));
    },
    async stop(unit) {
      await run('systemctl', ['--quiet', '--no-ask-password', 'stop', '--', unit], [0, UNIT_NOT_LOADED]);
    },
  };
}

/** Exit status of systemctl for a unit that is not there: systemctl(1), "Exit status". */
const UNIT_NOT_LOADED = 5;

async function run(
  command: string,
  args: readonly string[],
  accepted: readonly number[] = [0],
): Promise<string> {
  const child = await execa(command, args, {
    reject: false,
    stdin: 'ignore',
    timeout: CALL_TIMEOUT_MS,
    env: { LC_ALL: 'C' },
  });
  if (child.exitCode !== undefined && accepted.includes(child.exitCode)) return child.stdout;
  if (child.timedOut) {
    throw new SgridError(
      'timeout',
      said`systemd did not answer ${command} within ${CALL_TIMEOUT_MS / 1000} s`,
      {
        hint: said`see whether process 1 is well: systemctl is-system-running`,
      },
    );
  }
  throw new SgridError(
    'conflict',
    said`systemd refused: ${child.stderr.trim() || String(child.shortMessage)}`,
    {
      hint: said`see journalctl -b _PID=1 and the rights of the agent’s user`,
    },
  );
}
