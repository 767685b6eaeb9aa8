import { unescapeOctal } from '../cgroup/hierarchies.ts';

/** One line of `/proc/<pid>/mountinfo`, proc_pid_mountinfo(5). */
export interface Mount {
  /** `major:minor` of the file system: the same wherever it is mounted, also of a btrfs whose subvolumes are. */
  readonly device: string;
  readonly mountPoint: string;
}

export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [, , device, , mountPoint] = line.split(' ');
    if (device !== undefined && mountPoint !== undefined)
      mounts.push({ device, mountPoint: unescapeOctal(mountPoint) });
  }
  return mounts;
}

/** The mount that a path is on. @param path absolute and without symbolic links. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const isAbove = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    // Of two on one mount point the later hides the earlier.
    if (isAbove && mountPoint.length >= (found?.mountPoint.length ?? 0)) found = mount;
  }
  return found;
}
