import type { Release } from '../../common/domain/release.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { EditAction } from './action.ts';
import { serviceNameOf, toInstances, withDeploy } from './deploy.ts';
import { EMPTY_FORM, editForm, focusForm, problemOf } from './deploy-form.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange } from './targets.ts';
import { fieldOf } from './text-field.ts';
import { withError, withToast } from './toasts.ts';

export function toArchive(state: CockpitState): CockpitState {
  return state.deploy?.step === 'release' ? withDeploy(state, { step: 'archive' }) : state;
}

export function editDeploy(state: CockpitState, edit: EditAction): CockpitState {
  const { deploy } = state;
  return deploy?.step === 'archive' ? withDeploy(state, { archive: editForm(deploy.archive, edit) }) : state;
}

/** Tab: completes the path; elsewhere it goes to the next field. */
export function completeDeploy(state: CockpitState, step: 1 | -1): Reduction {
  const { deploy } = state;
  if (deploy?.step !== 'archive') return become(state);
  if (deploy.archive.focus === 'path' && step === 1) {
    return become(state, { type: 'complete-path', text: deploy.archive.path.text });
  }
  return become(withDeploy(state, { archive: focusForm(deploy.archive, step, state.now) }));
}

/** An answer to an older text is ignored. */
export function pathCompleted(
  state: CockpitState,
  asked: string,
  path: string,
  completions: readonly string[],
): CockpitState {
  const { deploy } = state;
  if (deploy === null || deploy.archive.path.text !== asked) return state;
  const problem = completions.length === 0 ? state.t('Nothing there to complete') : '';
  return withDeploy(state, { archive: { ...deploy.archive, path: fieldOf(path), completions, problem } });
}

/** Enter in the form: on to the next field, and from the last one into the upload. */
export function submitDeploy(state: CockpitState): Reduction {
  const { deploy } = state;
  if (deploy?.step !== 'archive') return become(state);
  const form = deploy.archive;
  if (form.focus !== 'message') {
    return become(withDeploy(state, { archive: focusForm(form, 1, state.now) }));
  }
  const problem = problemOf(state.t, form);
  if (problem !== null) return become(withDeploy(state, { archive: { ...form, ...problem } }));
  const refused = refusedChange(state);
  const service = state.catalog.services?.find((candidate) => candidate.serviceId === deploy.serviceId);
  const serviceName = service?.name ?? serviceNameOf(state, deploy.serviceId);
  if (refused !== null || serviceName === undefined) return become(refused ?? state);
  const uploadId = state.nextId;
  const upload = { uploadId, sentBytes: 0, totalBytes: null, startedAt: state.now, error: null };
  return become(
    { ...withDeploy(state, { step: 'upload', upload }), nextId: uploadId + 1 },
    {
      type: 'upload',
      uploadId,
      serviceName,
      file: form.path.text.trim(),
      version: form.version.text,
      message: form.message.text.trim(),
    },
  );
}

export function uploadProgressed(
  state: CockpitState,
  uploadId: number,
  sentBytes: number,
  totalBytes: number,
): CockpitState {
  const upload = state.deploy?.upload;
  if (upload?.uploadId !== uploadId) return state;
  return withDeploy(state, { upload: { ...upload, sentBytes, totalBytes } });
}

export function uploadDone(state: CockpitState, uploadId: number, release: Release): Reduction {
  const known = state.catalog.releases.get(release.serviceId) ?? [];
  const others = known.filter((candidate) => candidate.releaseId !== release.releaseId);
  const releases = new Map(state.catalog.releases).set(release.serviceId, [release, ...others]);
  const told = withToast(state, 'ok', state.t('Uploaded {serviceName} {version}', release));
  const next = { ...told, catalog: { ...state.catalog, releases } };
  if (next.deploy?.upload?.uploadId !== uploadId) return become(next);
  const cleared = withDeploy(next, { upload: null, archive: EMPTY_FORM });
  return become(toInstances(cleared, release.releaseId), {
    type: 'load-releases',
    serviceId: release.serviceId,
  });
}

/** Back to the form with everything that was typed, so that it can be put right. */
export function uploadFailed(state: CockpitState, uploadId: number, error: WireError): CockpitState {
  if (state.deploy?.upload?.uploadId !== uploadId) return state;
  if (error.code === 'cancelled') return withDeploy(state, { step: 'archive', upload: null });
  const back = withDeploy(state, { step: 'archive', upload: null });
  return withError(back, state.t('Upload failed'), error);
}
