import type { ResultAction } from './action.ts';
import { rollbackFound } from './ask-rollback.ts';
import { assertNever } from './assert-never.ts';
import { takeData } from './data.ts';
import * as deploy from './deploy.ts';
import * as archive from './deploy-archive.ts';
import { drainPlanned, drainRefused } from './form-drain.ts';
import { takeUse } from './form-limits.ts';
import { reduceLogs } from './logs.ts';
import { planned } from './proposal.ts';
import { andThen, become, type Reduction } from './reduction.ts';
import { serviceEdited, servicePlanned, serviceRefused } from './service-edit.ts';
import type { CockpitState } from './state.ts';
import { changeDone, changeFailed } from './tasks.ts';
import { withError, withToast } from './toasts.ts';
import { jobAnswered, jobFailed } from './verbs.ts';

/** What became of an effect goes to whatever asked for it. */
export function takeResult(state: CockpitState, action: ResultAction): Reduction {
  switch (action.type) {
    case 'job-done':
      return become(jobAnswered(state, action.jobId, action.outcomes));
    case 'job-failed':
      return become(jobFailed(state, action.jobId, action.error));
    case 'rollout-created':
      return andThen(takeData(state, { type: 'rollout', rollout: action.rollout }), (next) =>
        become(deploy.rolloutCreated(next, action.rollout)),
      );
    case 'rollout-refused':
      return become(deploy.rolloutRefused(state, action.error));
    case 'rollout-planned':
      return become(planned(state, action.request, { plan: action.plan }));
    case 'plan-refused':
      return become(planned(state, action.request, { refusal: action.refusal }));
    case 'rollback-found':
      return rollbackFound(state, action.serviceName, action.instanceIds, action.rollouts);
    case 'change-done':
      return changeDone(state, action.taskId, action.result);
    case 'change-failed':
      return become(changeFailed(state, action.taskId, action.error));
    case 'use':
      return become(takeUse(state, action.instanceIds, action.histories, action.stepMs));
    case 'edited':
      return serviceEdited(state, action);
    case 'edit-failed':
      return become(withError(state, state.t('The editor'), action.error));
    case 'service-planned':
      return servicePlanned(state, action.spec, action.before, action.effects);
    case 'service-refused':
      return serviceRefused(state, action.serviceName, action.text, action.error);
    case 'drain-planned':
      return drainPlanned(state, action.request, action.plan);
    case 'drain-refused':
      return become(drainRefused(state, action.error));
    case 'copied':
      return become(
        withToast(state, 'ok', state.t('Copied') + (action.how === '' ? '' : state.t(action.how))),
      );
    case 'upload-progress':
      return become(archive.uploadProgressed(state, action.uploadId, action.sentBytes, action.totalBytes));
    case 'upload-done':
      return archive.uploadDone(state, action.uploadId, action.release);
    case 'upload-failed':
      return become(archive.uploadFailed(state, action.uploadId, action.error));
    case 'path-completed':
      if (state.logPane?.isTyping === true) return reduceLogs(state, action);
      return become(archive.pathCompleted(state, action.asked, action.path, action.completions));
    case 'save-failed':
      return become(withError(state, state.t('Could not remember this'), action.error));
    case 'load-failed':
      return become(
        withError(state, state.t('Could not load {what}', { what: state.t(action.what) }), action.error),
      );
    default:
      return assertNever(action);
  }
}
