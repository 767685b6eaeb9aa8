import { withText } from './config-centre.ts';
import { configKey, withConfig } from './config-state.ts';
import { selectedConfigVersion } from './config-targets.ts';
import type { Effect } from './effect.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState, ScreenName } from './state.ts';
import { currentView } from './views.ts';

const OF_CONFIG: ReadonlySet<ScreenName> = new Set(['config', 'config-file', 'config-service']);

/** How often is looked at deliveries that are under way, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/** After every action: the version under the cursor is read, and deliveries under way are followed. */
export function settleConfig(state: CockpitState): Reduction {
  const { screen } = currentView(state);
  if (state.link.state !== 'up' || !OF_CONFIG.has(screen.name)) return become(state);
  const effects: Effect[] = [];
  let next = state;
  const pending = [...(state.config.services ?? [])]
    .filter(([, { deliveries }]) => deliveries.some((each) => each.state === 'under-way'))
    .map(([name]) => name);
  if (pending.length > 0 && state.now - state.config.askedAt >= LOOK_EVERY_MS) {
    next = withConfig(next, { askedAt: state.now });
    effects.push({ type: 'config', effect: { type: 'load-config', serviceNames: pending } });
  }
  if (screen.name !== 'config-file') return become(next, ...effects);
  const selected = selectedConfigVersion(next);
  const isOfFile = next.config.versions?.file === configKey(screen.file);
  if (selected === undefined || !isOfFile || selected.isRemoval || next.config.texts.has(selected.versionId))
    return become(next, ...effects);
  const { version, versionId } = selected;
  return become(withText(next, versionId, 'loading'), ...effects, {
    type: 'config',
    effect: { type: 'load-config-text', file: screen.file, version, versionId },
  });
}
