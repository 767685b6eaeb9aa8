import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { InstanceStatus } from '../../../../common/domain/instance.ts';
import { createChecker } from './check.ts';
import { connectFleet, control, equal, type Fleet, lives, systemctl, waitFor } from './fleet.ts';

/** Takes down every start, and does what a file tells it: end with a status, or take memory without end. */
const PROGRAM = `#!/bin/sh
orders=/var/tmp/orders.$SGRID_TARGET_PORT
echo $$ >>$orders.starts
trap 'exit 0' TERM
while :; do
  if [ -e $orders.exit ]; then read -r code <$orders.exit; rm $orders.exit; exit $code; fi
  if [ -e $orders.hog ]; then rm $orders.hog; exec tail /dev/zero; fi
  sleep 0.1
done
`;
const LIMITS = { cpuCores: 0.5, memoryMiB: 64, pids: 20 };
const KEPT = '/var/tmp/agent-scenario.json';

const { check } = createChecker('agent', process.stdout);
const starts = (port: number): number =>
  readFileSync(`/var/tmp/orders.${port}.starts`, 'utf8').trim().split('\n').length;
const order = (port: number, what: string, text = ''): void =>
  writeFileSync(`/var/tmp/orders.${port}.${what}`, `${text}\n`);
const running = ({ state }: InstanceStatus): boolean => state === 'running';
const plainChild = (): number => Number(readFileSync('/run/plain-child', 'utf8'));

async function beforeReboot(fleet: Fleet): Promise<void> {
  const node = await fleet.node('the agent', ({ link, info }) => link === 'up' && info !== null);
  await check('the agent chooses systemd by itself, without a warning', () =>
    equal([node.info?.cgroupDriver, node.info?.cgroupWarning], ['systemd', '']),
  );
  const id = await fleet.deploy('steady', PROGRAM, 7001, LIMITS);
  const neighbour = await fleet.deploy('neighbour', PROGRAM, 7002, {});
  const first = await fleet.status(id, 'running', running);
  const beside = await fleet.status(neighbour, 'running', running);
  const pid = first.pid ?? 0;

  await check('its program is in a scope in the slice of its instance', () => {
    const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim();
    if (!first.cgroup.startsWith('/business.slice/business-')) throw new Error(`reported is ${first.cgroup}`);
    if (!own.startsWith(`0::${first.cgroup}/`) || !own.endsWith('.scope')) throw new Error(`is ${own}`);
  });
  await check('its limits hold', () =>
    equal(
      ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max'].map((file) => control(first.cgroup, file)),
      ['67108864', '0', '50000 100000', '20'],
    ),
  );

  const untouched = async (how: string): Promise<void> => {
    await check(`${how}: adopted, with the same pid and start`, async () => {
      const now = await fleet.status(
        id,
        'to be adopted',
        ({ adopted, state }) => adopted && state === 'running',
      );
      equal([now.pid, now.startedAt], [pid, first.startedAt]);
    });
    await check(`${how}: started once`, () => equal([starts(7001), lives(pid)], [1, true]));
  };

  const child = plainChild();
  await systemctl('stop', 'sgridnode');
  await check('systemctl stop: the plain child of the unit dies', () => equal(lives(child), false));
  await check('systemctl stop: the service lives', () => equal([lives(pid), starts(7001)], [true, 1]));
  await fleet.node('the agent to be gone', ({ link }) => link === 'down');
  await systemctl('start', 'sgridnode');
  await untouched('systemctl stop and start');
  await agentAnew(fleet, 'systemctl restart', () => systemctl('restart', 'sgridnode'));
  await untouched('systemctl restart');
  const restartedChild = plainChild();
  await agentAnew(fleet, 'systemctl kill', async () => {
    await systemctl('kill', '--signal=KILL', 'sgridnode');
  });
  await untouched('systemctl kill -s KILL');
  await check('systemctl kill -s KILL: the plain child of the unit dies', () =>
    equal(lives(restartedChild), false),
  );
  await systemctl('daemon-reload');
  await systemctl('daemon-reexec');
  await untouched('systemd executed anew');

  await systemctl('stop', 'sgridnode');
  order(7001, 'exit', '7');
  await waitFor('the program to end', () => !lives(pid));
  await systemctl('start', 'sgridnode');
  const second = await fleet.status(id, 'a second run', (now) => running(now) && now.pid !== pid);
  await check('ended while there was no agent: its true exit code is known', () =>
    equal([second.lastExit?.code, second.lastExit?.signal, second.lastExit?.cause], [7, null, 'exited']),
  );
  await check('ended while there was no agent: started again, once', () => equal(starts(7001), 2));
  await check('and has its limits again', () => equal(control(second.cgroup, 'memory.max'), '67108864'));

  order(7001, 'hog');
  const third = await fleet.status(
    id,
    'a third run',
    (now) => running(now) && starts(7001) === 3 && now.pid !== second.pid,
  );
  await check('over its memory limit: killed, and known to be out of memory', () =>
    equal([third.lastExit?.signal, third.lastExit?.oomKilled], ['SIGKILL', true]),
  );
  await check('over its memory limit: the neighbour does not notice', async () => {
    const now = await fleet.status(neighbour, 'running', running);
    equal([now.pid, starts(7002)], [beside.pid, 1]);
  });
  await check('its next run ends with no OOM kill of the one before', async () => {
    order(7001, 'exit', '3');
    const { lastExit } = await fleet.status(id, 'an exit', (now) => now.lastExit?.code === 3);
    equal(lastExit?.oomKilled, false);
  });
  await fleet.status(id, 'a fourth run', (now) => running(now) && starts(7001) === 4);

  await check('stopped: its slice is gone, and its shim', async () => {
    await fleet.stop(neighbour);
    equal(lives(beside.pid ?? 0), false);
    equal(existsSync(`/sys/fs/cgroup${beside.cgroup}`), false);
    // The keeper, and one shim for the instance that runs.
    const shims = control('business.slice/sgrid-shims.scope', 'cgroup.procs').split('\n');
    equal(shims.length, 2);
  });
  await check('no failed unit is left behind', async () =>
    equal(await systemctl('list-units', '--failed', '--no-legend', '--plain', 'business*', '*.scope'), ''),
  );
  const last = await fleet.status(id, 'running', running);
  writeFileSync(KEPT, JSON.stringify({ id, neighbour, startedAt: last.startedAt }));
}

async function afterReboot(fleet: Fleet): Promise<void> {
  const kept = JSON.parse(readFileSync(KEPT, 'utf8')) as { id: number; neighbour: number; startedAt: number };
  const now = await fleet.status(
    kept.id,
    'to run after the reboot',
    (status) => running(status) && (status.startedAt ?? 0) > kept.startedAt,
  );
  await check('reboot: nothing is adopted', () => equal(now.adopted, false));
  await check('reboot: what should run is started, once', () =>
    equal([starts(7001), lives(now.pid ?? 0)], [5, true]),
  );
  await check('reboot: with its limits', () => equal(control(now.cgroup, 'pids.max'), '20'));
  await check('reboot: what was stopped stays stopped', async () => {
    const other = await fleet.status(kept.neighbour, 'a status', () => true);
    equal([other.state, starts(7002)], ['stopped', 1]);
  });
}

/** Does something that ends the agent, and waits for the next one. */
async function agentAnew(fleet: Fleet, what: string, act: () => Promise<unknown>): Promise<void> {
  const before = (await fleet.node('an agent', ({ info }) => info !== null)).info?.agentStartedAt;
  await act();
  await fleet.node(
    `the agent after ${what}`,
    ({ link, info }) => link === 'up' && info?.agentStartedAt !== before,
  );
}

const fleet = await connectFleet();
try {
  await (process.argv[2] === 'rebooted' ? afterReboot(fleet) : beforeReboot(fleet));
} finally {
  fleet.close();
}
