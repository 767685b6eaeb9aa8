import type { Form } from './form.ts';
import { submitConfigFile, submitPublish, submitSave } from './form-config.ts';
import { submitDrain } from './form-drain.ts';
import { submitLimits } from './form-limits.ts';
import { submitResolve } from './form-resolve.ts';
import { submitRolloutOptions } from './form-rollout.ts';
import { submitScale } from './form-scale.ts';
import { submitSecret } from './form-secret.ts';
import { submitToken } from './form-token.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';

/** Enter in a form: on to the question, or what is wrong. */
export function submitForm(state: CockpitState): Reduction {
  return state.form === null ? become(state) : submit(state, state.form);
}

function submit(state: CockpitState, form: Form): Reduction {
  const { purpose } = form;
  switch (purpose.kind) {
    case 'limits':
      return submitLimits(state, form, purpose);
    case 'scale':
      return submitScale(state, form, purpose);
    case 'resolve':
      return submitResolve(state, form, purpose);
    case 'rollout-options':
      return submitRolloutOptions(state, form);
    case 'drain':
      return submitDrain(state, form, purpose);
    case 'config-save':
      return submitSave(state, form, purpose);
    case 'config-publish':
      return submitPublish(state, form, purpose);
    case 'config-file':
      return submitConfigFile(state, form);
    case 'secret':
      return submitSecret(state, form);
    case 'token':
      return submitToken(state, form);
  }
}
