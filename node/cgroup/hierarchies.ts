/** One cgroup hierarchy as this process sees it. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** v1: the controllers attached to it, or `name=…` for one without. v2: empty, `cgroup.controllers` tells. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** This process's own group, below the mount point; null when it lies outside of what is mounted here. */
  readonly ownPath: string | null;
}

interface CgroupMount {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The group that is mounted: not `/` where a container sees only its own part (proc_pid_mountinfo(5), field 4). */
  readonly root: string;
  readonly superOptions: readonly string[];
}

/** The cgroup mounts of `/proc/<pid>/mountinfo`, proc_pid_mountinfo(5). */
function parseMountinfo(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split('\n')) {
    // Optional fields stand between the mount's options and " - ", so the two halves are read from their own ends.
    const [before, after] = line.split(' - ');
    const [, , , root, mountPoint] = (before ?? '').split(' ');
    const [fsType, , superOptions] = (after ?? '').split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    if (fsType !== 'cgroup' && fsType !== 'cgroup2') continue;
    mounts.push({
      version: fsType === 'cgroup' ? 1 : 2,
      mountPoint: unescapeOctal(mountPoint),
      root: unescapeOctal(root),
      superOptions: (superOptions ?? '').split(','),
    });
  }
  return mounts;
}

/** The lines of `/proc/<pid>/cgroup`, cgroups(7): `id:controllers:path`; the line of v2 has no controllers. */
function parseProcCgroup(text: string): { controllers: string[]; path: string }[] {
  const lines: { controllers: string[]; path: string }[] = [];
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', path = '/'] = match;
    lines.push({ controllers: controllers === '' ? [] : controllers.split(','), path });
  }
  return lines;
}

/** Joins both texts: every mounted hierarchy once, with this process's place in it. */
export function findHierarchies(mountinfo: string, procCgroup: string): Hierarchy[] {
  const mounts = parseMountinfo(mountinfo);
  const hierarchies: Hierarchy[] = [];
  for (const { controllers, path } of parseProcCgroup(procCgroup)) {
    const mount = mounts.find((candidate) =>
      controllers.length === 0
        ? candidate.version === 2
        : candidate.version === 1 && controllers.every((name) => candidate.superOptions.includes(name)),
    );
    if (mount === undefined) continue;
    hierarchies.push({
      version: mount.version,
      controllers,
      mountPoint: mount.mountPoint,
      ownPath: pathBelow(mount.root, path),
    });
  }
  return hierarchies;
}

function pathBelow(root: string, path: string): string | null {
  // "/..": the process was moved out of its cgroup namespace's root, cgroup_namespaces(7).
  if (path.startsWith('/..')) return null;
  if (root === '/') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

/** mountinfo writes space, tab, newline and backslash as `\040` and so on. */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
