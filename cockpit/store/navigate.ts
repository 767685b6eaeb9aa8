import { layoutOf } from '../view-model/layout.ts';
import { pageLength } from '../view-model/page.ts';
import { type PulseTarget, pulseTarget } from '../view-model/pulse.ts';
import { serviceRows } from '../view-model/service-rows.ts';
import { tableOf } from '../view-model/tables.ts';
import type { CursorMove } from './action.ts';
import { withConfig } from './config-state.ts';
import { selectedConfigFile } from './config-targets.ts';
import { loadsOf } from './data.ts';
import type { DescribeTarget } from './described.ts';
import { clearMarks } from './marks.ts';
import { become, type Reduction } from './reduction.ts';
import { rememberedView, viewsTo } from './settings.ts';
import type { CockpitState, Screen } from './state.ts';
import { moveCursor } from './table.ts';
import { selectedInstance, selectedRelease } from './targets.ts';
import { withToast } from './toasts.ts';
import { toldIfEmpty, unselected } from './unselected.ts';
import { currentView, popView, pushView, viewOf, withTable } from './views.ts';

export function move(state: CockpitState, step: CursorMove): CockpitState {
  const { screen, table } = currentView(state);
  const height = layoutOf(state).body;
  if (tableOf(screen) !== undefined) {
    return withTable(state, moveCursor(table, step, height));
  }
  const page = Math.max(1, height - 1);
  const tops: Record<CursorMove, number> = {
    up: table.top - 1,
    down: table.top + 1,
    'page-up': table.top - page,
    'page-down': table.top + page,
    home: 0,
    end: Number.MAX_SAFE_INTEGER,
  };
  const greatest = Math.max(0, pageLength(state) - height);
  return withTable(state, { ...table, top: Math.min(greatest, Math.max(0, tops[step])) });
}

/** Enter: into the row under the cursor. */
export function open(state: CockpitState): Reduction {
  const { screen, table } = currentView(state);
  const id = table.selectedId;
  if (id === null) return become(toldIfEmpty(state));
  if (screen.name === 'nodes')
    return become(pushView(state, rememberedView(state.settings, { name: 'instances', nodeId: id })));
  if (screen.name === 'instances') return describe(state);
  if (screen.name === 'pulse') return openPulse(state, pulseTarget(id));
  if (screen.name === 'services') return openService(state, id);
  if (screen.name === 'registry') return become(pushView(state, describeView('instance', id)));
  if (screen.name === 'rollouts')
    return become(pushView(state, viewOf({ name: 'rollout', rolloutId: id })), {
      type: 'load-rollout',
      rolloutId: id,
    });
  if (screen.name === 'releases') return openRelease(state);
  if (screen.name === 'config') return openConfigFile(state);
  if (screen.name === 'config-file')
    return become(pushView(state, viewOf({ name: 'config-text', file: screen.file, versionId: id })));
  return screen.name === 'events' ? openEvent(state, id) : become(state);
}

/** From the overview into what a row is about. */
function openPulse(state: CockpitState, { kind, id }: PulseTarget): Reduction {
  switch (kind) {
    case 'node':
      return become(pushView(state, rememberedView(state.settings, { name: 'instances', nodeId: id })));
    case 'service':
      return openService(state, id);
    case 'rollout':
      return become(pushView(state, viewOf({ name: 'rollout', rolloutId: id })));
    case 'instance':
      return become(pushView(state, describeView('instance', id)));
    case 'event':
      return openEvent(state, id);
  }
}

/** The instances that run a release, or are to. */
function openRelease(state: CockpitState): Reduction {
  const release = selectedRelease(state);
  if (release === undefined) return become(state);
  const filter = `service:=${release.serviceName} release:=${release.version}`;
  const screen = { name: 'instances', nodeId: null } as const;
  return become(pushView(state, rememberedView(state.settings, screen, filter)));
}

/** The versions of a config file. */
function openConfigFile(state: CockpitState): Reduction {
  const selected = selectedConfigFile(state);
  if (selected === undefined) return become(state);
  const { serviceName, name, instanceId } = selected;
  const file = { serviceName, name, instanceId };
  const next = withConfig(state, { versions: null, marks: new Set() });
  return become(pushView(next, viewOf({ name: 'config-file', file })), {
    type: 'config',
    effect: { type: 'load-config-versions', file },
  });
}

/** The instances of a service, wherever they are. */
function openService(state: CockpitState, serviceId: number): Reduction {
  const name = serviceRows(state).get(serviceId)?.name;
  if (name === undefined) return become(withToast(state, 'warn', state.t('This service is gone')));
  const screen = { name: 'instances', nodeId: null } as const;
  return become(pushView(state, rememberedView(state.settings, screen, `service:=${name}`)));
}

function openEvent(state: CockpitState, seq: number): Reduction {
  const event = state.catalog.events?.find((candidate) => candidate.seq === seq);
  if (event?.instanceId && state.fleet.instances.has(event.instanceId)) {
    return become(pushView(state, describeView('instance', event.instanceId)));
  }
  if (event?.nodeId && state.fleet.nodes.has(event.nodeId)) {
    return become(pushView(state, describeView('node', event.nodeId)));
  }
  if (event?.instanceId || event?.nodeId)
    return become(withToast(state, 'warn', state.t('What this event is about is gone')));
  return event?.serviceId
    ? openService(state, event.serviceId)
    : become(withToast(state, 'warn', state.t('This event is about nothing that can be opened')));
}

function describeView(kind: DescribeTarget['kind'], id: number) {
  return viewOf({ name: 'describe', target: { kind, id } });
}

export function describe(state: CockpitState): Reduction {
  const { screen, table } = currentView(state);
  if (screen.name === 'nodes' && table.selectedId !== null) {
    return become(pushView(state, describeView('node', table.selectedId)));
  }
  if (screen.name === 'services' && table.selectedId !== null)
    return become(pushView(state, describeView('service', table.selectedId)));
  const instance = selectedInstance(state);
  if (instance === undefined || screen.name === 'describe') {
    return become(unselected(state, 'Select a node, a service or an instance to describe first'));
  }
  return become(pushView(state, describeView('instance', instance.instanceId)));
}

export function go(state: CockpitState, screen: Screen, filter: string): Reduction {
  const next = { ...state, views: viewsTo(state, screen, filter) };
  return become(next, ...loadsOf(screen));
}

export function openHelp(state: CockpitState): CockpitState {
  const { screen } = currentView(state);
  return screen.name === 'help' ? state : pushView(state, viewOf({ name: 'help', of: screen.name }));
}

/** Esc takes back the nearest thing first: the filter, then the marks, then the screen. */
export function back(state: CockpitState): CockpitState {
  const { screen, table } = currentView(state);
  if (table.filter !== '') return withTable(state, { ...table, filter: '' });
  if (screen.name === 'instances' && state.marks.size > 0) return clearMarks(state);
  if (screen.name === 'releases' && state.releaseMarks.size > 0) return { ...state, releaseMarks: new Set() };
  if (screen.name === 'config-file' && state.config.marks.size > 0)
    return withConfig(state, { marks: new Set() });
  if (state.views.length === 1)
    return withToast(state, 'accent', state.t('Leave with :q or ctrl-c; services keep running'));
  return popView(state);
}
