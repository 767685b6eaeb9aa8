import { describe, expect, test } from 'vitest';
import type { Action } from '../../../cockpit/store/action.ts';
import type { TableRow } from '../../../cockpit/store/state.ts';
import { currentView } from '../../../cockpit/store/views.ts';
import { tableOf } from '../../../cockpit/view-model/tables.ts';
import type { InstanceView, ObservedState } from '../../../common/domain/instance.ts';
import { createRandom } from '../../support/random.ts';
import { recording, Session } from './support.ts';

/** Many instances out of the few of the recording. */
function ready(...keys: string[]): Session {
  const instances = Array.from({ length: 60 }, (_, at): InstanceView => {
    const like = recording.snapshot.instances[at % recording.snapshot.instances.length];
    if (like === undefined) throw new Error('no instance in the recording');
    return { ...like, instanceId: at + 1, port: 9000 + at };
  });
  const session = Session.ready({ columns: 120, rows: 30 });
  session.does({ type: 'snapshot', snapshot: { ...recording.snapshot, instances } });
  return session.keys('i', ...keys);
}

const rowsOf = (session: Session): readonly TableRow[] => currentView(session.state).table.rows;

/** What they would be if they were made of all instances now. */
function madeAnew({ state }: Session): readonly TableRow[] {
  const view = currentView(state);
  const table = tableOf(view.screen);
  if (table === undefined) throw new Error('no table is shown');
  return table.makeRows(state, view);
}

function frameWith(session: Session, id: number, change: Partial<InstanceView['status'] & object>): Action {
  const view = session.state.fleet.instances.get(id);
  if (view === undefined || view.status === null) throw new Error(`instance ${id} has no status`);
  const instances = [{ ...view, status: { ...view.status, ...change } }];
  return { type: 'frame', frame: { at: recording.snapshot.at + 1000, instances } };
}

const STATES: readonly ObservedState[] = ['running', 'crash-loop', 'stopped', 'backoff'];

describe('rows under changes', () => {
  test.each([
    [[]],
    [['S']],
    [['S', 'S']],
    [['T']],
    [['N']],
    [['!']],
    [['/', 'state:running', 'enter']],
    [['C']],
  ])('are those that all instances make, with the keys %j', (keys) => {
    const session = ready(...keys);
    const random = createRandom(7);
    const ids = [...session.state.fleet.instances.values()]
      .filter(({ status }) => status !== null)
      .map(({ instanceId }) => instanceId);
    for (let step = 0; step < 80; step++) {
      const id = ids[random.below(ids.length)] ?? 0;
      const state = STATES[random.below(STATES.length)] ?? 'running';
      session.does(frameWith(session, id, { state, restarts: random.below(4), pid: random.below(9000) }));
      expect(rowsOf(session)).toEqual(madeAnew(session));
    }
  });

  test('stay the same ones while nothing moves, and are made anew when something does', () => {
    const session = ready('T');
    const before = rowsOf(session);
    session.does(frameWith(session, 1, { pid: 4242 }));
    expect(rowsOf(session)).toBe(before);
    session.does(frameWith(session, 1, { restarts: 99 }));
    expect(rowsOf(session)).not.toBe(before);
  });

  test('go when their instance does', () => {
    const session = ready();
    session.does({
      type: 'frame',
      frame: { at: recording.snapshot.at + 1000, removedInstanceIds: [5] },
    });
    expect(rowsOf(session)).toEqual(madeAnew(session));
    expect(rowsOf(session)).not.toContainEqual({ kind: 'row', id: 5 });
  });
});
