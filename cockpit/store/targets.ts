import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { Release } from '../../common/domain/release.ts';
import { roleIncludes } from '../../common/domain/role.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { TokenView } from '../../common/domain/token.ts';
import { compareValues } from '../view-model/columns.ts';
import { pulseTarget } from '../view-model/pulse.ts';
import { serviceRows } from '../view-model/service-rows.ts';
import type { CockpitState, ScreenName } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

/** Pages on top of the place that a command is about. */
const OVERLAYS: ReadonlySet<ScreenName> = new Set(['help', 'tour', 'deploy', 'release-diff']);

/** The instance under the cursor, or whose page is shown. */
export function selectedInstance(state: CockpitState): InstanceView | undefined {
  for (const { screen, table } of [...state.views].reverse()) {
    if (screen.name === 'logs') return state.fleet.instances.get(screen.instanceId);
    if (screen.name === 'capsule') return state.fleet.instances.get(screen.instanceId);
    if (screen.name === 'chart' || screen.name === 'describe') {
      return screen.target.kind === 'instance' ? state.fleet.instances.get(screen.target.id) : undefined;
    }
    if (screen.name === 'instances') return state.fleet.instances.get(table.selectedId ?? 0);
    if (screen.name === 'pulse') {
      const target = pulseTarget(table.selectedId ?? 0);
      return target.kind === 'instance' ? state.fleet.instances.get(target.id) : undefined;
    }
    if (screen.name === 'registry') return state.fleet.instances.get(table.selectedId ?? 0);
    if (!OVERLAYS.has(screen.name)) return undefined;
  }
  return undefined;
}

/** What a command works on: the marked instances, else the selected one. */
export function targetInstances(state: CockpitState): InstanceView[] {
  const { screen, table } = currentView(state);
  if (screen.name === 'services') {
    const { instances } = state.fleet;
    return [...instances.values()].filter(({ serviceId }) => serviceId === table.selectedId);
  }
  if (screen.name === 'describe' && screen.target.kind === 'service') {
    const { id } = screen.target;
    return [...state.fleet.instances.values()].filter(({ serviceId }) => serviceId === id);
  }
  const isTable = screen.name === 'instances';
  if (isTable && state.marks.size > 0) {
    return [...state.marks].flatMap((id) => state.fleet.instances.get(id) ?? []);
  }
  const selected = selectedInstance(state);
  return selected === undefined ? [] : [selected];
}

export function selectedNode(state: CockpitState): NodeView | undefined {
  const { screen, table } = currentView(state);
  if (screen.name === 'nodes') return state.fleet.nodes.get(table.selectedId ?? 0);
  const isPage = screen.name === 'describe' && screen.target.kind === 'node';
  if (isPage) return state.fleet.nodes.get(screen.target.id);
  return screen.name === 'instances' && screen.nodeId !== null
    ? state.fleet.nodes.get(screen.nodeId)
    : undefined;
}

/** The service under the cursor, or that of what is under it or marked. */
export function selectedService(
  state: CockpitState,
): { readonly serviceId: number; readonly name: string } | undefined {
  const { screen, table } = currentView(state);
  if (screen.name === 'services') {
    const row = serviceRows(state).get(table.selectedId ?? 0);
    return row && { serviceId: row.serviceId, name: row.name };
  }
  if (screen.name === 'describe' && screen.target.kind === 'service') {
    const row = serviceRows(state).get(screen.target.id);
    return row && { serviceId: row.serviceId, name: row.name };
  }
  const release = selectedRelease(state);
  if (release !== undefined) return { serviceId: release.serviceId, name: release.serviceName };
  const [instance] = targetInstances(state);
  return instance && { serviceId: instance.serviceId, name: instance.serviceName };
}

/** Null when what a command works on is of one service; otherwise the state with a toast that names them all. */
export function refusedServices(state: CockpitState): CockpitState | null {
  const names = [...new Set(targetInstances(state).map(({ serviceName }) => serviceName))].sort(
    compareValues,
  );
  if (names.length < 2) return null;
  const { t } = state;
  return withToast(
    state,
    'warn',
    t('Marked are instances of {services}: this is for one service at a time (u unmarks all)', {
      services: names.join(t(', ')),
    }),
  );
}

export function selectedRelease(state: CockpitState): Release | undefined {
  const { screen, table } = currentView(state);
  return screen.name === 'releases' ? releaseById(state, table.selectedId ?? 0) : undefined;
}

/** The marked releases, else the one under the cursor. */
export function selectedReleases(state: CockpitState): Release[] {
  const { screen } = currentView(state);
  if (screen.name !== 'releases') return [];
  const marked = [...state.releaseMarks].flatMap((id) => releaseById(state, id) ?? []);
  const selected = selectedRelease(state);
  return marked.length > 0 || selected === undefined ? marked : [selected];
}

function releaseById({ catalog }: CockpitState, releaseId: number): Release | undefined {
  for (const releases of catalog.releases.values()) {
    const found = releases.find((release) => release.releaseId === releaseId);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function selectedRollout(state: CockpitState): Rollout | undefined {
  const { screen, table } = currentView(state);
  if (screen.name === 'rollout') return state.catalog.rollouts.get(screen.rolloutId);
  return screen.name === 'rollouts' ? state.catalog.rollouts.get(table.selectedId ?? 0) : undefined;
}

/** Tokens have names and no numbers: a row's id is its place in the list. */
export function selectedToken(state: CockpitState): TokenView | undefined {
  const { screen, table } = currentView(state);
  return screen.name === 'tokens' ? state.catalog.tokens?.[(table.selectedId ?? 0) - 1] : undefined;
}

/** Null when changes can be sent; otherwise the state with a toast that says why not, before anything is sent. */
export function refusedChange(state: CockpitState): CockpitState | null {
  const { link, t } = state;
  if (link.state !== 'up')
    return withToast(state, 'warn', t('Not connected to the master: nothing can be changed now'));
  if (state.isReadOnly)
    return withToast(state, 'warn', t('Read only: this cockpit was opened so, and changes nothing'));
  if (!roleIncludes(link.role, 'operator')) {
    return withToast(
      state,
      'warn',
      t('Read only: "{actor}" is a {role}. Changes need a token of an operator or admin', link),
    );
  }
  return null;
}
