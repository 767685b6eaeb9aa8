import { type Rollout, rolloutOptionsSchema } from '../../common/domain/rollout.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { howLost } from '../format/no-answer.ts';
import { compareValues } from '../view-model/columns.ts';
import type { CursorMove } from './action.ts';
import { EMPTY_FORM, focusForm } from './deploy-form.ts';
import { propose, withConfirm } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import { viewsTo } from './settings.ts';
import { type CockpitState, type DeployState, type DeployStep, UPLOAD_ROW } from './state.ts';
import {
  refusedChange,
  refusedServices,
  selectedRelease,
  selectedService,
  targetInstances,
} from './targets.ts';
import { withError, withToast, withUnanswered } from './toasts.ts';
import { popView, pushView, viewOf } from './views.ts';

/** Ids of the rows of the present step, in their order. */
export function deployRows(state: CockpitState, deploy: DeployState): readonly number[] {
  switch (deploy.step) {
    case 'service':
      return [...(state.catalog.services ?? [])]
        .sort((a, b) => compareValues(a.name, b.name))
        .map((service) => service.serviceId);
    case 'release': {
      const releases = state.catalog.releases.get(deploy.serviceId ?? 0) ?? [];
      return [UPLOAD_ROW, ...releases.map((release) => release.releaseId)];
    }
    case 'instances':
    case 'confirm':
      return instancesOfService(state, deploy.serviceId);
    default:
      return [];
  }
}

function instancesOfService(state: CockpitState, serviceId: number | null): readonly number[] {
  const { nodes, instances } = state.fleet;
  return [...instances.values()]
    .filter((instance) => instance.serviceId === serviceId)
    .map((instance) => ({
      id: instance.instanceId,
      node: nodeWords(nodes.get(instance.nodeId), instance.nodeId),
      port: instance.port,
    }))
    .sort((a, b) => compareValues(a.node, b.node) || a.port - b.port)
    .map(({ id }) => id);
}

/** The row under the cursor: the first one while none was chosen, or when the chosen one is gone. */
export function deployCursor(state: CockpitState, deploy: DeployState): number | null {
  const rows = deployRows(state, deploy);
  if (deploy.cursorId !== null && rows.includes(deploy.cursorId)) return deploy.cursorId;
  // On an existing release first: an upload is the other way.
  return (deploy.step === 'release' ? rows[1] : undefined) ?? rows[0] ?? null;
}

export function withDeploy(state: CockpitState, change: Partial<DeployState>): CockpitState {
  return state.deploy === null ? state : { ...state, deploy: { ...state.deploy, ...change } };
}

export function openDeploy(state: CockpitState): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const release = selectedRelease(state);
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const targets = targetInstances(state);
  const serviceId = selectedService(state)?.serviceId ?? null;
  const deploy: DeployState = {
    step: serviceId === null ? 'service' : 'release',
    serviceId,
    cursorId: null,
    releaseId: null,
    archive: EMPTY_FORM,
    upload: null,
    chosen: new Set(state.marks.size > 0 ? targets.map((instance) => instance.instanceId) : []),
  };
  const opened = { ...state, deploy, views: viewsTo(state, { name: 'deploy' }) };
  const next = release === undefined ? opened : toInstances(opened, release.releaseId);
  return serviceId === null
    ? become(next, { type: 'load-services' })
    : become(next, { type: 'load-services' }, { type: 'load-releases', serviceId });
}

export function moveDeploy(state: CockpitState, move: CursorMove, page: number): CockpitState {
  const { deploy } = state;
  if (deploy === null) return state;
  if (deploy.step === 'archive') {
    return withDeploy(state, { archive: focusForm(deploy.archive, move === 'up' ? -1 : 1, state.now) });
  }
  const rows = deployRows(state, deploy);
  const at = rows.indexOf(deployCursor(state, deploy) ?? -1);
  const steps = {
    up: -1,
    down: 1,
    'page-up': -page,
    'page-down': page,
    home: -rows.length,
    end: rows.length,
  };
  const target = Math.min(rows.length - 1, Math.max(0, at + steps[move]));
  return withDeploy(state, { cursorId: rows[target] ?? null });
}

/** Enter: takes what is under the cursor and goes on. */
export function openDeployRow(state: CockpitState): Reduction {
  const { deploy } = state;
  if (deploy === null) return become(state);
  const id = deployCursor(state, deploy);
  switch (deploy.step) {
    case 'service':
      if (id === null) return become(state);
      return become(
        withDeploy(state, { step: 'release', serviceId: id, cursorId: null, chosen: new Set() }),
        {
          type: 'load-releases',
          serviceId: id,
        },
      );
    case 'release':
      if (id === UPLOAD_ROW) return become(withDeploy(state, { step: 'archive' }));
      return become(id === null ? state : toInstances(state, id));
    case 'instances':
      if (deploy.chosen.size === 0) {
        return become(withToast(state, 'warn', state.t('Mark at least one instance with space')));
      }
      return askDeploy(state);
    default:
      return become(state);
  }
}

/** On to the instances: all are chosen, unless some were marked before. */
export function toInstances(state: CockpitState, releaseId: number): CockpitState {
  const { deploy } = state;
  if (deploy === null) return state;
  const all = instancesOfService(state, deploy.serviceId);
  const before = all.filter((id) => deploy.chosen.has(id));
  return withDeploy(state, {
    step: 'instances',
    releaseId,
    cursorId: null,
    chosen: new Set(before.length > 0 ? before : all),
  });
}

export function markDeploy(state: CockpitState, all: boolean): CockpitState {
  const { deploy } = state;
  if (deploy?.step !== 'instances') return state;
  const rows = deployRows(state, deploy);
  if (all) return withDeploy(state, { chosen: new Set(deploy.chosen.size === rows.length ? [] : rows) });
  const id = deployCursor(state, deploy);
  if (id === null) return state;
  const chosen = new Set(deploy.chosen);
  if (!chosen.delete(id)) chosen.add(id);
  return moveDeploy(withDeploy(state, { chosen }), 'down', 1);
}

const STEP_BEFORE: Partial<Record<DeployStep, DeployStep>> = {
  release: 'service',
  archive: 'release',
  instances: 'release',
};

/** Esc: one step back; out of the flow from its beginning. An upload is cancelled. */
export function backDeploy(state: CockpitState): Reduction {
  const { deploy } = state;
  if (deploy === null) return become(popView(state));
  if (deploy.step === 'upload') {
    const back = withDeploy(state, { step: 'archive', upload: null });
    return deploy.upload === null
      ? become(back)
      : become(back, { type: 'cancel-upload', uploadId: deploy.upload.uploadId });
  }
  const before = STEP_BEFORE[deploy.step];
  if (before === undefined) return become({ ...popView(state), deploy: null });
  // Keep the cursor on what was chosen there.
  const cursorId = before === 'service' ? deploy.serviceId : before === 'release' ? deploy.releaseId : null;
  const needsServices = before === 'service' && state.catalog.services === null;
  const next = withDeploy(state, { step: before, cursorId });
  return needsServices ? become(next, { type: 'load-services' }) : become(next);
}

export function serviceNameOf(state: CockpitState, serviceId: number | null): string | undefined {
  const service = state.catalog.services?.find((candidate) => candidate.serviceId === serviceId);
  if (service !== undefined) return service.name;
  for (const instance of state.fleet.instances.values()) {
    if (instance.serviceId === serviceId) return instance.serviceName;
  }
  return undefined;
}

/** The question of the flow: the same as of every rollout. */
function askDeploy(state: CockpitState): Reduction {
  const { deploy } = state;
  if (deploy === null || deploy.releaseId === null) return become(state);
  const { releaseId, serviceId } = deploy;
  const instanceIds = deployRows(state, deploy).filter((id) => deploy.chosen.has(id));
  const version = state.catalog.releases
    .get(serviceId ?? 0)
    ?.find((release) => release.releaseId === releaseId)?.version;
  const title = state.t('Deploy {service} {version}', {
    service: serviceNameOf(state, serviceId) ?? '?',
    version: version ?? '?',
  });
  const request = { releaseId, instanceIds, message: '', options: rolloutOptionsSchema.parse({}) };
  return propose(withDeploy(state, { step: 'confirm' }), { kind: 'rollout', title, request }, instanceIds);
}

/** Its question is put away: back to what was chosen. */
export function cancelConfirm(state: CockpitState): CockpitState {
  const closed = { ...state, confirm: null };
  return state.deploy?.step === 'confirm' ? withDeploy(closed, { step: 'instances' }) : closed;
}

/** Its page takes the place of the flow, so that esc leads back to where that was opened. */
export function rolloutCreated(state: CockpitState, { rolloutId }: Rollout): CockpitState {
  if (state.confirm?.isSending !== true) return state;
  const asked = state.deploy?.step === 'confirm' ? { ...popView(state), deploy: null } : state;
  return pushView({ ...asked, confirm: null, marks: new Set() }, viewOf({ name: 'rollout', rolloutId }));
}

export function rolloutRefused(state: CockpitState, error: WireError): CockpitState {
  const next = withConfirm(state, { isSending: false });
  const { t } = state;
  const what = state.confirm?.change.kind === 'rollout' ? state.confirm.change.title : t('Deploy');
  return error.code === 'timeout'
    ? withUnanswered(next, what, howLost(error))
    : withError(next, t('{what} refused', { what }), error);
}
