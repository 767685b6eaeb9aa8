import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findHierarchies } from '../../../node/cgroup/hierarchies.ts';

/** `controllers @ mount point: own path`, one a hierarchy, as captured on a machine of that kind. */
function captured(kind: string): string[] {
  const read = (name: string): string =>
    readFileSync(new URL(`../../fixtures/proc/${name}-${kind}.txt`, import.meta.url), 'utf8');
  return findHierarchies(read('mountinfo'), read('cgroup')).map(
    ({ version, controllers, mountPoint, ownPath }) =>
      `v${version} ${controllers.join(',')} @ ${mountPoint}: ${ownPath}`,
  );
}

test('pure v2', () => {
  expect(captured('v2')).toEqual(['v2  @ /sys/fs/cgroup: /system.slice/sgridnode.service']);
});

test('hybrid: every controller alone, the unified hierarchy beside them', () => {
  expect(captured('hybrid')).toEqual([
    'v1 name=systemd @ /sys/fs/cgroup/systemd: /',
    'v1 pids @ /sys/fs/cgroup/pids: /',
    'v1 blkio @ /sys/fs/cgroup/blkio: /',
    'v1 freezer @ /sys/fs/cgroup/freezer: /',
    'v1 devices @ /sys/fs/cgroup/devices: /',
    'v1 memory @ /sys/fs/cgroup/memory: /build/785ec1c8',
    'v1 cpuset @ /sys/fs/cgroup/cpuset: /',
    'v1 cpuacct @ /sys/fs/cgroup/cpuacct: /',
    'v1 cpu @ /sys/fs/cgroup/cpu: /',
    'v2  @ /sys/fs/cgroup/unified: /',
  ]);
});

test('pure v1: controllers that share a mount are one hierarchy, whatever their order', () => {
  expect(captured('v1')).toEqual([
    'v1 freezer @ /sys/fs/cgroup/freezer: /',
    'v1 cpuacct,cpu @ /sys/fs/cgroup/cpu,cpuacct: /system.slice/sgridnode.service',
    'v1 pids @ /sys/fs/cgroup/pids: /',
    'v1 net_prio,net_cls @ /sys/fs/cgroup/net_cls,net_prio: /',
    'v1 memory @ /sys/fs/cgroup/memory: /system.slice/sgridnode.service',
    'v1 name=systemd @ /sys/fs/cgroup/systemd: /system.slice/sgridnode.service',
  ]);
});

test('in a container the own path counts from what is mounted, and is unknown outside of it', () => {
  expect(captured('container')).toEqual([
    'v1 memory @ /sys/fs/cgroup/memory: /own',
    'v1 pids @ /sys/fs/cgroup/with space: /',
    'v1 freezer @ /sys/fs/cgroup/freezer: null',
  ]);
});

test('a process outside of its cgroup namespace has no own path', () => {
  const mountinfo = '29 22 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  expect(findHierarchies(mountinfo, '0::/../other.service\n')[0]?.ownPath).toBeNull();
});

test('garbage is no hierarchy', () => {
  expect(findHierarchies('garbage\n\n - cgroup\n', 'x\n4:cpu\n')).toEqual([]);
});
