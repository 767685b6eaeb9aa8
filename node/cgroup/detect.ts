import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupDriverName } from '../../common/domain/node.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readCapacity } from './capacity.ts';
import { createCgroupfsV1Driver, type V1Parent } from './cgroupfs-v1.ts';
import { createCgroupfsV2Driver } from './cgroupfs-v2.ts';
import { enableControllers } from './delegate-v2.ts';
import type { CgroupDriver } from './driver.ts';
import { findHierarchies, type Hierarchy } from './hierarchies.ts';
import type { MachineCapacity } from './limits.ts';
import { createNoneDriver } from './none.ts';
import { type GroupParent, resolveParent } from './parent.ts';
import { probeGroup } from './probe.ts';
import { probeSystemd } from './systemd-probe.ts';

export interface DetectOptions {
  /** `auto` takes the best that works here; a name takes that one or fails. */
  readonly driver: 'auto' | CgroupDriverName;
  /** Parent of the services' groups: `business.slice`, `self`, `self/<name>`, or another path below the root. */
  readonly parent: string;
  /**
   * Text of `/proc/self/cgroup` that stands for this process's own (`readOwnCgroups`): what `self` means. An agent that is
   * started again from another session finds its groups only if it keeps the text of its first start.
   */
  readonly ownCgroups?: string;
  readonly procRoot?: string;
  /** In front of every mount point. */
  readonly cgroupRoot?: string;
}

/** What trying one driver showed: the driver, or why there is none. */
interface Candidate {
  readonly driver: CgroupDriver | null;
  /** Controllers that it lacks, or all. */
  readonly lacks: number;
  readonly problem: string;
}

interface Machine {
  readonly hierarchies: readonly Hierarchy[];
  readonly parent: string;
  readonly cgroupRoot: string;
  readonly capacity: () => MachineCapacity;
  readonly procRoot: string;
}

type Probe = (machine: Machine) => Promise<Candidate>;

/**
 * Chooses how services are isolated on this machine. The whole choice is here.
 *
 * `auto` takes the first of the list that has every controller, else the one that lacks the fewest, else `none`.
 *
 * @throws SgridError `bad_request` for a named driver that cannot work here, saying what is missing.
 */
export async function detectDriver(options: DetectOptions): Promise<CgroupDriver> {
  const procRoot = options.procRoot ?? '/proc';
  const mountinfo = readFileSync(join(procRoot, 'self/mountinfo'), 'utf8');
  const machine: Machine = {
    hierarchies: placeSelf(mountinfo, readOwnCgroups(procRoot), options),
    parent: options.parent,
    cgroupRoot: options.cgroupRoot ?? '',
    capacity: () => readCapacity(procRoot),
    procRoot,
  };
  // In order of preference: where systemd runs, the tree is its own.
  const probes: readonly (readonly [CgroupDriverName, Probe])[] = [
    ['systemd', probeSystemdV2],
    ['cgroupfs-v2', probeV2],
    ['cgroupfs-v1', probeV1],
  ];
  if (options.driver === 'none') return createNone(machine, 'chosen by configuration');
  if (options.driver !== 'auto') {
    const probe = probes.find(([name]) => name === options.driver)?.[1];
    const candidate = (await probe?.(machine)) ?? unusable('this version does not have it');
    if (candidate.driver !== null) return candidate.driver;
    throw new SgridError(
      'bad_request',
      said`cgroup driver ${options.driver} cannot work here: ${candidate.problem}`,
      {
        hint: said`choose another driver, or auto`,
      },
    );
  }
  let best: Candidate | null = null;
  const problems: string[] = [];
  for (const [name, probe] of probes) {
    const candidate = await probe(machine);
    if (candidate.driver === null) problems.push(`${name}: ${candidate.problem}`);
    else if (best === null || candidate.lacks < best.lacks) best = candidate;
    if (best?.lacks === 0) break;
  }
  return best?.driver ?? createNone(machine, problems.join('; '));
}

/** Where this process is in every hierarchy, as text: `/proc/self/cgroup`. */
export function readOwnCgroups(procRoot = '/proc'): string {
  return readFileSync(join(procRoot, 'self/cgroup'), 'utf8');
}

/** Kept places count as long as they exist: nothing can be left in a group that is gone. */
function placeSelf(mountinfo: string, current: string, options: DetectOptions): Hierarchy[] {
  const now = findHierarchies(mountinfo, current);
  const kept = findHierarchies(mountinfo, options.ownCgroups ?? current);
  return now.map((hierarchy) => {
    const ownPath = kept.find(({ mountPoint }) => mountPoint === hierarchy.mountPoint)?.ownPath ?? null;
    const directory = join(options.cgroupRoot ?? '', hierarchy.mountPoint, ownPath ?? '');
    return ownPath !== null && existsSync(directory) ? { ...hierarchy, ownPath } : hierarchy;
  });
}

const V2_FILES = { cpu: 'cpu.max', memory: 'memory.max', pids: 'pids.max' } as const;

/** The file that shows that a v1 controller does what we need of it (CPU bandwidth is an option of the kernel). */
const V1_FILES = {
  cpu: 'cpu.cfs_quota_us',
  cpuacct: 'cpuacct.usage',
  memory: 'memory.limit_in_bytes',
  pids: 'pids.max',
  freezer: 'freezer.state',
} as const;

const LOST_WITHOUT: Readonly<Record<string, string>> = {
  cpu: 'no CPU limits',
  cpuacct: 'no CPU figures',
  memory: 'no memory limits, figures or OOM counts',
  pids: 'no limits or counts of processes',
  freezer: 'killing is repeated instead of atomic',
};

async function probeSystemdV2(machine: Machine): Promise<Candidate> {
  const hierarchy = machine.hierarchies.find(({ version }) => version === 2);
  if (hierarchy === undefined) return unusable('cgroup v2 is not mounted');
  const place = resolveParent(machine.parent, hierarchy.ownPath);
  if (place?.basePath !== '/') return unusable("below the agent's own group there is no slice");
  const { driver, problem } = await probeSystemd({
    ...{ root: machine.cgroupRoot, mountPoint: hierarchy.mountPoint, parentPath: place.parentPath },
    ...{ capacity: machine.capacity, procRoot: machine.procRoot },
  });
  return driver === null ? unusable(problem) : { driver, lacks: 0, problem };
}

async function probeV2({ hierarchies, parent, cgroupRoot, capacity, procRoot }: Machine): Promise<Candidate> {
  const hierarchy = hierarchies.find(({ version }) => version === 2);
  if (hierarchy === undefined) return unusable('cgroup v2 is not mounted');
  const place = resolveParent(parent, hierarchy.ownPath);
  if (place === null) return unusable("the agent's own group is outside of what is mounted");
  const mountPoint = join(cgroupRoot, hierarchy.mountPoint);
  const wanted = Object.keys(V2_FILES);
  let delegation = { enabled: [] as readonly string[], problem: '' };
  const probe = await probeGroup(join(mountPoint, place.parentPath), Object.values(V2_FILES), () => {
    delegation = enableControllers(mountPoint, place, wanted);
  });
  if (probe.problem !== '') return unusable(probe.problem);
  const controllers = Object.entries(V2_FILES)
    .filter(([name, file]) => delegation.enabled.includes(name) && !probe.absentFiles.includes(file))
    .map(([name]) => name);
  const lacking = wanted.filter((name) => !controllers.includes(name));
  const problem = delegation.problem || `groups have no ${lacking.join(', ')} files`;
  if (controllers.length === 0) return unusable(problem);
  const warning = lacking.length === 0 ? '' : `cgroup v2: ${problem} (${losses(lacking)})`;
  const driver = createCgroupfsV2Driver({
    mountPoint,
    place,
    controllers,
    capacity,
    warning,
    procRoot,
  });
  return { driver, lacks: lacking.length, problem: '' };
}

async function probeV1({ hierarchies, parent, cgroupRoot, capacity, procRoot }: Machine): Promise<Candidate> {
  if (!hierarchies.some(({ controllers }) => controllers.some((name) => name in V1_FILES))) {
    return unusable('no v1 controller is mounted');
  }
  const parents: V1Parent[] = [];
  const problems: string[] = [];
  for (const hierarchy of hierarchies.filter(isJoinedOnV1)) {
    const place: GroupParent | null = resolveParent(parent, hierarchy.ownPath);
    if (place === null) continue;
    const directory = join(cgroupRoot, hierarchy.mountPoint, place.parentPath);
    const ours = Object.entries(V1_FILES).filter(([name]) => hierarchy.controllers.includes(name));
    const probe = await probeGroup(
      directory,
      ours.map(([, file]) => file),
    );
    if (probe.problem !== '') problems.push(probe.problem);
    else {
      const controllers = ours.filter(([, file]) => !probe.absentFiles.includes(file)).map(([name]) => name);
      parents.push({ controllers, directory, place, isUnified: hierarchy.version === 2 });
    }
  }
  const usable = parents.flatMap(({ controllers }) => controllers);
  const lacking = Object.keys(V1_FILES).filter((name) => !usable.includes(name));
  if (usable.length === 0) return unusable(problems[0] ?? 'the groups have none of the files needed');
  const why = problems.length === 0 ? '' : `: ${problems[0]}`;
  const warning =
    lacking.length === 0 ? '' : `cgroup v1 without ${lacking.join(', ')} (${losses(lacking)})${why}`;
  return {
    driver: createCgroupfsV1Driver({ parents, capacity, warning, procRoot }),
    lacks: lacking.length,
    problem: '',
  };
}

/** A controller of ours, or one of the two hierarchies by which systemd tells which unit a process belongs to. */
function isJoinedOnV1({ version, controllers }: Hierarchy): boolean {
  return version === 2 || controllers.some((name) => name in V1_FILES || name === 'name=systemd');
}

function losses(lacking: readonly string[]): string {
  return lacking.map((name) => LOST_WITHOUT[name]).join(', ');
}

function unusable(problem: string): Candidate {
  return { driver: null, lacks: Number.POSITIVE_INFINITY, problem };
}

function createNone({ capacity, procRoot }: Machine, reason: string): CgroupDriver {
  const warning =
    'services run without cgroups: limits are not enforced, and stopping the agent’s unit would stop them' +
    ` (${reason})`;
  return createNoneDriver({ capacity, procRoot, warning: warning.slice(0, 1024) });
}
