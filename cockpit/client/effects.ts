import { said } from '../../common/domain/said.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Action } from '../store/action.ts';
import type { Effect } from '../store/effect.ts';
import type { LogPaneEffect } from '../store/log-pane.ts';
import type { Urgency } from '../store/store.ts';
import { callChange } from './change.ts';
import type { CopyNote } from './clipboard.ts';
import { completePath, expandHome } from './complete-path.ts';
import { createConfigRunner } from './config-effects.ts';
import { confirmingClient } from './confirming-client.ts';
import { createInsightRunner } from './insight-effects.ts';
import { createLoadRunner } from './load-effects.ts';
import type { MasterClient } from './master-client.ts';
import { runChange } from './run-change.ts';

export interface EffectRunner {
  run(effect: Effect): void;
  /** Cancels uploads; answers that come later are dropped. */
  close(): void;
}

export interface EffectOptions {
  readonly client: MasterClient;
  readonly dispatch: (action: Action, urgency: Urgency) => void;
  readonly runLog: (effect: LogPaneEffect) => void;
  /** Writes the user's file. @throws what kept it from that */
  readonly saveSettings: (settings: Settings) => void;
  readonly exit: () => void;
  /** Ctrl-Z. */
  readonly suspend: () => void;
  /** The user's editor on a text; resolves to what it left. @throws SgridError when nothing is to be changed */
  readonly edit: (text: string, name: string) => Promise<string>;
  /** To the terminal's clipboard; resolves to how it went, for people. */
  readonly copy: (text: string) => Promise<CopyNote>;
  /** Leaves for another master. */
  readonly switchContext: (name: string) => void;
  /** Directory that relative paths start from. */
  readonly cwd: string;
}

/** Does what the reducer asked for, and dispatches what became of it. Every failure comes back as an action. */
export function createEffectRunner({
  client,
  dispatch,
  runLog,
  saveSettings,
  exit,
  suspend,
  edit,
  copy,
  switchContext,
  cwd,
}: EffectOptions): EffectRunner {
  const uploads = new Map<number, AbortController>();
  let isClosed = false;

  const tell = (action: Action): void => {
    if (!isClosed) dispatch(action, 'data');
  };

  const upload = async (effect: Effect & { type: 'upload' }): Promise<void> => {
    const { uploadId } = effect;
    const abort = new AbortController();
    uploads.set(uploadId, abort);
    try {
      const release = await client.upload({
        serviceName: effect.serviceName,
        file: expandHome(effect.file),
        version: effect.version,
        message: effect.message,
        onProgress: (sentBytes, totalBytes) =>
          tell({ type: 'upload-progress', uploadId, sentBytes, totalBytes }),
        signal: abort.signal,
      });
      tell({ type: 'upload-done', uploadId, release });
    } catch (error) {
      const cause = abort.signal.aborted
        ? new SgridError('cancelled', said`cancelled`, { cause: error })
        : error;
      tell({ type: 'upload-failed', uploadId, error: toWireError(cause) });
    } finally {
      uploads.delete(uploadId);
    }
  };

  const confirmed = ({ confirm = [] }: { confirm?: readonly string[] }): MasterClient =>
    confirm.length === 0 ? client : confirmingClient(client, confirm);

  const runVerb = async (effect: Effect & { type: 'run-verb' }): Promise<void> => {
    const { jobId, verb, instanceIds } = effect;
    try {
      const { outcomes } = await callChange(confirmed(effect), `instance.${verb}`, {
        instanceIds: [...instanceIds],
      });
      tell({ type: 'job-done', jobId, outcomes });
    } catch (error) {
      tell({ type: 'job-failed', jobId, error: toWireError(error) });
    }
  };

  const createRollout = async (effect: Effect & { type: 'create-rollout' }): Promise<void> => {
    try {
      const { rollout } = await callChange(confirmed(effect), 'rollout.create', effect.request);
      tell({ type: 'rollout-created', rollout });
    } catch (error) {
      tell({ type: 'rollout-refused', error: toWireError(error) });
    }
  };

  const planRollout = async ({ request }: Effect & { type: 'plan-rollout' }): Promise<void> => {
    try {
      const { plan } = await client.call('rollout.plan', request);
      tell({ type: 'rollout-planned', request, plan });
    } catch (error) {
      tell({ type: 'plan-refused', request, refusal: toWireError(error) });
    }
  };

  const planDrain = async ({ request }: Effect & { type: 'plan-drain' }): Promise<void> => {
    try {
      const { plan } = await client.call('node.drain', {
        ...request,
        confirm: [...request.confirm],
        dryRun: true,
      });
      tell({ type: 'drain-planned', request, plan });
    } catch (error) {
      tell({ type: 'drain-refused', error: toWireError(error) });
    }
  };

  const change = async (effect: Effect & { type: 'run-change' }): Promise<void> => {
    const { taskId } = effect;
    try {
      tell({
        type: 'change-done',
        taskId,
        result: await runChange(confirmed(effect), effect.change, effect.instanceIds),
      });
    } catch (error) {
      tell({ type: 'change-failed', taskId, error: toWireError(error) });
    }
  };

  const editSettings = async ({ serviceName, text }: Effect & { type: 'edit-text' }): Promise<void> => {
    try {
      const left = await edit(text, `${serviceName}.json`);
      tell({ type: 'edited', serviceName, before: text, text: left });
    } catch (error) {
      tell({ type: 'edit-failed', error: toWireError(error) });
    }
  };

  const planService = async (effect: Effect & { type: 'plan-service' }): Promise<void> => {
    const { spec, before, text } = effect;
    try {
      const { instances } = await client.call('service.update', { spec, dryRun: true });
      tell({ type: 'service-planned', spec, before, effects: instances });
    } catch (error) {
      tell({ type: 'service-refused', serviceName: spec.name, text, error: toWireError(error) });
    }
  };

  const runLoad = createLoadRunner({ client, dispatch: tell });
  const runConfig = createConfigRunner({
    client,
    dispatch: (action) => tell({ type: 'config', action }),
    edit,
  });
  const runInsight = createInsightRunner({ client, dispatch: (action) => tell({ type: 'insight', action }) });

  const perform = (effect: Effect): unknown => {
    switch (effect.type) {
      case 'watch':
        return client.watch(effect.scope);
      case 'load-histories':
      case 'load-services':
      case 'load-releases':
      case 'load-rollout':
      case 'load-rollouts':
      case 'load-events':
      case 'load-all-releases':
      case 'load-release-diff':
      case 'load-tokens':
      case 'load-use':
      case 'find-rollback':
        return runLoad(effect);
      case 'run-verb':
        return runVerb(effect);
      case 'create-rollout':
        return createRollout(effect);
      case 'plan-rollout':
        return planRollout(effect);
      case 'plan-drain':
        return planDrain(effect);
      case 'run-change':
        return change(effect);
      case 'edit-text':
        return editSettings(effect);
      case 'plan-service':
        return planService(effect);
      case 'copy':
        return copy(effect.text).then((how) => tell({ type: 'copied', how }));
      case 'upload':
        return upload(effect);
      case 'cancel-upload':
        return uploads.get(effect.uploadId)?.abort();
      case 'complete-path':
        return completePath(effect.text, cwd).then((completion) =>
          tell({ type: 'path-completed', asked: effect.text, ...completion }),
        );
      case 'save-settings':
        try {
          return saveSettings(effect.settings);
        } catch (error) {
          return tell({ type: 'save-failed', error: toWireError(error) });
        }
      case 'log':
        return runLog(effect.effect);
      case 'config':
        return runConfig(effect.effect);
      case 'insight':
        return runInsight(effect.effect);
      case 'suspend':
        return suspend();
      case 'switch-context':
        return switchContext(effect.name);
      case 'exit':
        return exit();
    }
  };

  return {
    run: (effect) => {
      perform(effect);
    },
    close: () => {
      isClosed = true;
      for (const abort of uploads.values()) abort.abort();
    },
  };
}
