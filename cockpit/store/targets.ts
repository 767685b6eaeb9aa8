import type { InstanceView } from '../../common/domain/instance.ts';
import { roleIncludes } from '../../common/domain/role.ts';
import { pulseTarget } from '../view-model/pulse.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView } from './views.ts';

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
    if (screen.name === 'nodes' || screen.name === 'events') return undefined;
  }
  return undefined;
}

/** What a command works on: the marked instances, else the selected one. */
export function targetInstances(state: CockpitState): InstanceView[] {
  const isTable = currentView(state).screen.name === 'instances';
  if (isTable && state.marks.size > 0) {
    return [...state.marks].flatMap((id) => state.fleet.instances.get(id) ?? []);
  }
  const selected = selectedInstance(state);
  return selected === undefined ? [] : [selected];
}

/** Null when changes can be sent; otherwise the state with a toast that says why not, before anything is sent. */
export function refusedChange(state: CockpitState): CockpitState | null {
  const { link } = state;
  if (link.state !== 'up')
    return withToast(state, 'warn', 'Not connected to the master: nothing can be changed now');
  if (state.isReadOnly)
    return withToast(state, 'warn', 'Read only: this cockpit was opened so, and changes nothing');
  if (!roleIncludes(link.role, 'operator')) {
    return withToast(
      state,
      'warn',
      `Read only: "${link.actor}" is a ${link.role}. Changes need a token of an operator or admin`,
    );
  }
  return null;
}
