import { type KeyFlags, keyPresses } from '../../../cockpit/keymap/keys.ts';
import { resolveKey } from '../../../cockpit/keymap/resolve.ts';
import type { Action } from '../../../cockpit/store/action.ts';
import type { Effect } from '../../../cockpit/store/effect.ts';
import { initialState } from '../../../cockpit/store/initial.ts';
import { reduce } from '../../../cockpit/store/reduce.ts';
import type { CockpitState, Size } from '../../../cockpit/store/state.ts';
import type { Body } from '../../../cockpit/view-model/frame.ts';
import { frameOf } from '../../../cockpit/view-model/frame.ts';
import type { Line } from '../../../cockpit/view-model/line.ts';
import type { RolloutPlan, RolloutRequest } from '../../../common/domain/rollout.ts';
import { planOf } from '../../support/plans.ts';
import { linkUp, type Recording, readRecording } from '../../support/recorded-client.ts';

export const recording: Recording = readRecording('three-nodes');
/** Cockpit's clock in these tests: the master's is 5 s ahead of it. */
export const NOW = recording.snapshot.at - 5_000;

export function lineText(line: Line): string {
  return line.segments
    .map((segment) => segment.text)
    .join('')
    .trimEnd();
}

const NO_FLAGS: KeyFlags = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  tab: false,
  backspace: false,
  delete: false,
  ctrl: false,
  shift: false,
  meta: false,
};

const FLAGS: Readonly<Record<string, Partial<KeyFlags>>> = {
  up: { upArrow: true },
  down: { downArrow: true },
  left: { leftArrow: true },
  right: { rightArrow: true },
  enter: { return: true },
  esc: { escape: true },
  tab: { tab: true },
  backspace: { backspace: true },
};

export function press(name: string) {
  if (name.startsWith('ctrl-')) return keyPresses(name.slice(5), { ...NO_FLAGS, ctrl: true });
  if (name === 'space') return keyPresses(' ', NO_FLAGS);
  const flags = FLAGS[name];
  return flags === undefined ? keyPresses(name, NO_FLAGS) : keyPresses('', { ...NO_FLAGS, ...flags });
}

/** The reducer, driven as a person and a master would, with everything that it wanted done. */
export class Session {
  state: CockpitState;
  effects: Effect[] = [];

  constructor(size: Size = { columns: 80, rows: 24 }, link = linkUp()) {
    this.state = initialState({ url: 'http://127.0.0.1:15872', link, size, now: NOW });
  }

  static ready(size?: Size, link = linkUp()): Session {
    return new Session(size, link)
      .does({ type: 'snapshot', snapshot: recording.snapshot })
      .does({ type: 'services', services: recording.services as never });
  }

  does(action: Action): this {
    const next = reduce(this.state, action);
    this.state = next.state;
    this.effects.push(...next.effects);
    return this;
  }

  at(now: number): this {
    this.state = { ...this.state, now };
    return this;
  }

  /** Presses keys by name; texts longer than a name arrive as one read. */
  keys(...names: string[]): this {
    for (const name of names) {
      for (const key of press(name)) {
        const action = resolveKey(this.state, key);
        if (action !== null) this.does(action);
      }
    }
    return this;
  }

  /** What the effects since the last look were. */
  took(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  body(): string[] {
    return bodyText(frameOf(this.state).body);
  }

  header(): string[] {
    return frameOf(this.state).header.map(lineText);
  }

  status(): string {
    const { status } = frameOf(this.state);
    return status.kind === 'busy' ? status.text : status.lines.map(lineText).join('\n');
  }
}

export function bodyText(body: Body): string[] {
  if (body.kind === 'logs') return [];
  if (body.kind === 'lines') return body.lines.map(lineText);
  return body.blocks.flatMap((block) => {
    if (block.kind === 'lines') return block.lines.map(lineText);
    if (block.kind === 'table') {
      return block.table.rows.map(
        (row) => `${row.isSelected ? '>' : ' '}${row.cells.map((cell) => cell.text.trim()).join(' | ')}`,
      );
    }
    const percent = block.kind === 'progress' ? ` ${block.percent}%` : '';
    return [`[${block.kind}]${percent} ${block.text}`];
  });
}

/** What the master was asked to plan since the last look. */
export function plans(session: Session): RolloutRequest[] {
  return session.took().flatMap((effect) => (effect.type === 'plan-rollout' ? [effect.request] : []));
}

/** The master tells what the rollout that is asked about would do. */
export function answerPlan(session: Session, change: Partial<RolloutPlan> = {}): Session {
  const confirm = session.state.confirm;
  if (confirm?.change.kind !== 'rollout') throw new Error('no rollout is asked about');
  const { request } = confirm.change;
  const releaseId = 'releaseId' in request ? request.releaseId : 1;
  const instanceIds = request.instanceIds ?? [1, 2];
  const full = { ...request, releaseId, instanceIds };
  const plan = { ...planOf(full, recording.snapshot, recording.releases), ...change };
  return session.does({ type: 'rollout-planned', request, plan });
}
