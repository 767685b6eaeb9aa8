import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { execa } from 'execa';
import type { InstanceStatus } from '../../../../common/domain/instance.ts';
import { createChecker } from './check.ts';
import { connectFleet, control, equal, type Fleet, lives, systemctl, waitFor } from './fleet.ts';

const USER = 'shop';
const GROUP = 'till';
/** Says who it is, and keeps a child. */
const PROGRAM = `#!/bin/sh
echo "I am $(id -u):$(id -g) of $(id -G)"
trap 'exit 0' TERM
while :; do sleep 0.2; done
`;
/** What its health check does: takes down who asks and from where, and is unwell while there is a file. */
const PROBE = [
  '/bin/sh',
  '-c',
  'echo "$(id -u) $(cat /proc/self/cgroup)" >"$SGRID_DATA_DIR/probe.new" && mv "$SGRID_DATA_DIR/probe.new" "$SGRID_DATA_DIR/probe"; [ ! -e "$SGRID_DATA_DIR/sick" ]',
];
/** Holds as many MiB as it is told, which nothing can be reclaimed of without swap. */
const HOLDER = `#!/bin/sh
while [ ! -e /var/tmp/hold ]; do sleep 0.2; done
data=$(head -c "$(cat /var/tmp/hold)" /dev/zero | tr '\\0' x)
while :; do sleep 0.2; done
`;
const MIB = 1024 ** 2;

const { check } = createChecker('programs', process.stdout);
const running = ({ state }: InstanceStatus): boolean => state === 'running';
const contains = (text: string, part: string): void => {
  if (!text.includes(part)) throw new Error(`no "${part}" in: ${text}`);
};
const processField = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

async function asAnotherUser(fleet: Fleet): Promise<void> {
  await execa('groupadd', [GROUP]);
  await execa('useradd', ['--system', '--user-group', '--groups', GROUP, USER]);
  const numbers = async (option: string): Promise<string> => (await execa('id', [option, USER])).stdout;
  const [uid, gid, groups] = [await numbers('-u'), await numbers('-g'), await numbers('-G')];
  const health = {
    kind: 'command',
    command: PROBE,
    ...{ intervalMs: 500, timeoutMs: 60_000, failureThreshold: 1, restart: true },
  };
  const id = await fleet.deploy('shop', PROGRAM, 7201, { memoryMiB: 64, pids: 20 }, { runAs: USER, health });
  const first = await fleet.status(
    id,
    'a healthy shop',
    (now) => running(now) && now.health.state === 'healthy',
  );
  const pid = first.pid ?? 0;
  const data = `/var/lib/sgridnode/instances/${id}/data`;
  const log = `/var/lib/sgridnode/logs/${id}/stdout.log`;

  await check('a program of another user: uid, gid and groups are hers', () => {
    equal(
      [processField(pid, 'Uid'), processField(pid, 'Gid')],
      [Array(4).fill(uid).join('\t'), Array(4).fill(gid).join('\t')],
    );
    equal(processField(pid, 'Groups').split(' ').sort(), groups.split(' ').sort());
    contains(readFileSync(log, 'utf8'), `I am ${uid}:${gid} of ${groups}`);
  });
  await check('it has no capabilities', () => {
    for (const kind of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
      equal(processField(pid, kind), '0'.repeat(16));
  });
  await check('its group is a scope in the slice of its instance, with the limits', () => {
    const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim();
    if (!own.startsWith(`0::${first.cgroup}/`) || !own.endsWith('.scope')) throw new Error(`is ${own}`);
    equal([control(first.cgroup, 'memory.max'), control(first.cgroup, 'pids.max')], [String(64 * MIB), '20']);
  });
  await check('its log file is still of root, her data directory is hers', () =>
    equal([statSync(log).uid, statSync(data).uid], [userInfo().uid, Number(uid)]),
  );
  await check('its shim is not hers', async () => {
    const shims = control('business.slice/sgrid-shims.scope', 'cgroup.procs').split('\n').map(Number);
    const parent = Number(processField(pid, 'PPid'));
    equal([shims.includes(parent), processField(parent, 'Uid').split('\t')[0]], [true, '0']);
  });
  await check('a health check runs as that user, in the slice of the instance', () => {
    const [asker = '', group = ''] = readFileSync(`${data}/probe`, 'utf8').trim().split(' ');
    equal(asker, uid);
    if (!group.startsWith(`0::${first.cgroup}/`)) throw new Error(`is ${group}, not in ${first.cgroup}`);
  });
  await check('an agent that is started again finds it healthy, the same process', async () => {
    await systemctl('restart', 'sgridnode');
    const now = await fleet.status(
      id,
      'to be adopted, and healthy',
      (status) => status.adopted && status.health.state === 'healthy',
    );
    equal(now.pid, pid);
  });
  writeFileSync(`${data}/sick`, '');
  await check('unhealthy: it is started again, as the same user', async () => {
    await waitFor('its end', () => !lives(pid));
    rmSync(`${data}/sick`);
    const next = await fleet.status(
      id,
      'a healthy next run',
      (now) => running(now) && now.pid !== pid && now.health.state === 'healthy',
    );
    equal(processField(next.pid ?? 0, 'Uid').split('\t')[0], uid);
  });
  await check('and that is told', async () => {
    const kinds = (await fleet.events(id)).map(({ kind }) => kind);
    equal([kinds.includes('instance.unhealthy'), kinds.includes('instance.healthy')], [true, true]);
  });
  await check('stopped: nothing of it is left, and the health checks leave no scope', async () => {
    await fleet.stop(id);
    equal(await systemctl('list-units', '--no-legend', '--plain', 'business-*', 'run-*.scope'), '');
  });
}

async function nearItsLimit(fleet: Fleet): Promise<void> {
  const marks = async (id: number): Promise<string[]> =>
    (await fleet.events(id))
      .filter(({ kind }) => kind === 'instance.memory-high')
      .map(({ message }) => message);
  rmSync('/var/tmp/hold', { force: true });
  const id = await fleet.deploy('holder', HOLDER, 7202, { memoryMiB: 96, memoryHighMiB: 24 });
  const { pid } = await fleet.status(id, 'running', running);
  await check('below memory.high nobody is warned', async () => equal(await marks(id), []));
  writeFileSync('/var/tmp/hold', String(32 * MIB));
  await check('over memory.high: an event, with the mark', async () => {
    const [message = ''] = await waitFor('the event', async () => {
      const told = await marks(id);
      return told.length > 0 ? told : null;
    });
    contains(message, 'its mark is 24 MiB; at 96 MiB the kernel ends processes of it');
  });
  await check('told once, and again by no new agent', async () => {
    await systemctl('restart', 'sgridnode');
    await fleet.status(id, 'to be adopted', (status) => status.adopted && running(status));
    await fleet.figures(id, 'a sample of it', ({ memoryBytes }) => memoryBytes > 0);
    equal((await marks(id)).length, 1);
  });
  await check('and nothing was killed', async () => {
    const now = await fleet.status(id, 'running', running);
    equal([now.pid, now.restarts], [pid, 0]);
  });
  await fleet.stop(id);
}

const fleet = await connectFleet();
try {
  await fleet.node('the agent', ({ link, info }) => link === 'up' && info !== null);
  await asAnotherUser(fleet);
  await nearItsLimit(fleet);
} finally {
  fleet.close();
}
