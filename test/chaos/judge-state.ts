import type { InstanceView } from '../../common/domain/instance.ts';
import type { Limits } from '../../common/domain/service.ts';
import type { Service } from './fleet.ts';
import type { GroupTree } from './group-tree.ts';
import type { Journal } from './journal.ts';
import type { SeenProcess } from './process-watch.ts';
import { createJudge, type Verdict } from './verdict.ts';

/** What is to be seen of one service when all is quiet. */
export interface QuietService {
  readonly service: Service;
  readonly wanted: 'running' | 'stopped';
  readonly limits: Limits;
  readonly view: InstanceView | undefined;
  /** Journals of its runs whose programs live. */
  readonly living: readonly Journal[];
}

/** States in which a service of each kind may be found when all is quiet. */
function restingStates({ shape }: Service, wanted: 'running' | 'stopped'): readonly string[] {
  if (wanted === 'stopped') return ['stopped'];
  if (shape.lasts) return ['running'];
  if (shape.loops) return ['crash-loop', 'backoff', 'starting', 'running'];
  const isLeft = shape.restart.mode === 'never' || shape.restart.mode === 'on-failure';
  return ['backoff', 'starting', 'running', ...(isLeft ? ['exited'] : [])];
}

/** Whether each service is what the operator asked for last. */
export function isAtRest({ service, wanted, view }: QuietService): boolean {
  const status = view?.status ?? null;
  return (
    view !== undefined &&
    status !== null &&
    status.revision >= view.revision &&
    restingStates(service, wanted).includes(status.state)
  );
}

export function judgeWanted(services: readonly QuietService[], groups: GroupTree): Verdict {
  const judge = createJudge('as wanted');
  for (const quiet of services) {
    const { service, wanted, limits, view, living } = quiet;
    const { name, shape } = service;
    judge.check(
      view?.desired === wanted,
      () => `${name}: ${wanted} was asked for, the master has ${view?.desired}`,
    );
    judge.check(
      isAtRest(quiet),
      () =>
        `${name}: expected ${restingStates(service, wanted).join(' or ')}, it is ${view?.status?.state}: ${view?.status?.reason}`,
    );
    if (wanted === 'stopped' || shape.lasts) {
      const expected = wanted === 'stopped' ? 0 : 1;
      judge.check(
        living.length === expected,
        () =>
          `${name}: expected ${expected} programs, there are ${living.map((each) => each.name).join(', ') || 'none'}`,
      );
    }
    for (const { name: run, version, pid } of living) {
      judge.check(
        version === view?.release?.version,
        () => `${name}: run ${run} is of version ${version}, deployed was ${view?.release?.version}`,
      );
      if (shape.lasts)
        judge.check(
          view?.status?.pid === pid,
          () => `${name}: ${pid} runs, the status says ${view?.status?.pid}`,
        );
    }
    const group = view?.status?.cgroup ?? '';
    for (const [limit, file, unit] of [
      [limits.pids, 'pids.max', 1],
      [limits.memoryMiB, 'memory.limit_in_bytes', 1024 * 1024],
      [limits.memoryMiB, 'memory.max', 1024 * 1024],
    ] as const) {
      const held = limit === undefined || living.length === 0 ? null : groups.control(group, file);
      if (held === null || limit === undefined) continue;
      judge.check(
        Number(held) === limit * unit,
        () => `${name}: ${file} is ${held}, asked for was ${limit * unit}`,
      );
    }
  }
  return judge.verdict();
}

/**
 * Whether nothing is left of what is over: processes of runs whose program is gone, while the agent had time to see it.
 *
 * @param looks several looks at the machine, some time apart
 * @param ended how many runs are over
 */
export function judgeLeftOver(looks: readonly (readonly SeenProcess[])[], ended: number): Verdict {
  const judge = createJudge('nothing left over');
  judge.pass(ended);
  const stray = looks.map((look) => {
    const alive = new Set(look.map(keyOf));
    return new Set(look.filter(({ run }) => run !== null && !alive.has(run)).map(keyOf));
  });
  for (const each of looks.at(-1) ?? []) {
    const key = keyOf(each);
    if (stray.every((look) => look.has(key)))
      judge.check(false, () => `${each.service}: process ${key} is left of run ${each.run}, which is over`);
  }
  return judge.verdict();
}

/** Whether nothing at all is there when everything has been stopped. */
export function judgeEmpty(alive: readonly SeenProcess[], groups: readonly string[]): Verdict {
  const judge = createJudge('nothing left over');
  judge.check(alive.length === 0, () => {
    const names = alive.map((each) => `${keyOf(each)} (${each.service}, ${each.run ?? 'its shim'})`);
    return `all is stopped, and there are still the processes ${names.join(', ')}`;
  });
  judge.check(
    groups.length === 0,
    () => `all is stopped, and there are still the groups ${groups.join(', ')}`,
  );
  return judge.verdict();
}

function keyOf({ pid, ticks }: SeenProcess): string {
  return `${pid}-${ticks}`;
}
