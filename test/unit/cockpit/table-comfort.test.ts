import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../cockpit/config/settings.ts';
import { barText } from '../../../cockpit/format/bar.ts';
import { keyPresses } from '../../../cockpit/keymap/keys.ts';
import { initialState } from '../../../cockpit/store/initial.ts';
import { frameOf } from '../../../cockpit/view-model/frame.ts';
import type { InstanceView } from '../../../common/domain/instance.ts';
import { lineText, NOW, recording, Session } from './support.ts';

const { snapshot } = recording;
const instance = (id: number): InstanceView => {
  const found = snapshot.instances.find((view) => view.instanceId === id);
  if (found === undefined) throw new Error(`no instance ${id} in the recording`);
  return found;
};
const names = (session: Session): string[] =>
  session.body().flatMap((line) => /^[> ][* ]\S+ +(\S+)/.exec(line)?.[1] ?? []);

describe('bad first', () => {
  test('what is broken stands in front, each part in its order; again: as it was', () => {
    const session = Session.ready({ columns: 120, rows: 30 }).keys('i', 'N', 'N', 'B');
    expect(session.header()[1]).toContain('bad first');
    expect(names(session).slice(1)).toEqual(['native-echo', 'web', 'web', 'web', 'reports', 'pricing']);
    session.keys('B');
    expect(names(session).slice(1)).toEqual(['web', 'web', 'web', 'reports', 'pricing', 'native-echo']);
  });

  test('groups by node give way to it', () => {
    const session = Session.ready().keys('i', 'B');
    expect(session.body().join('\n')).not.toContain(' alpha  10.0.0.1');
    expect(session.body()[2]).toMatch(/crash-loop +native-echo +alpha/);
  });

  test('nodes that are down come first', () => {
    expect(Session.ready().keys('B').body()[3]).toMatch(/down +gamma/);
  });
});

describe('marks', () => {
  test('a range reaches from the row marked last to the cursor, either way', () => {
    const session = Session.ready().keys('i', 'N', 'j', 'space', 'j', 'V');
    expect(session.state.marks.size).toBe(3);
    session.keys('u');
    expect(session.state.marks.size).toBe(0);
    session.keys('V');
    expect(session.status()).toContain('Mark one end of the range with space first');
    session.keys('G', 'space', 'k', 'k', 'ctrl-`');
    expect(session.state.marks.size).toBe(3);
  });

  test('ctrl-space is NUL on the line, in whichever form it comes', () => {
    const { ctrl, ...flags } = { ctrl: true } as never as Record<string, boolean>;
    expect(keyPresses('`', { ...flags, ctrl } as never)[0]?.name).toBe('ctrl-space');
    expect(keyPresses('\0', {} as never)[0]?.name).toBe('ctrl-space');
  });
});

describe('columns', () => {
  test('are chosen in a list, shown at once, sorted by, and remembered', () => {
    const session = Session.ready({ columns: 160, rows: 30 }).keys('enter', 'o');
    expect(session.body().slice(0, 2)).toEqual(['>STATE | [x] | -', ' HEALTH | [ ] | -']);
    session.took();
    session.keys('G', 'k', 'k', 'k', 'k', 'k', 'space');
    expect(session.took()).toMatchObject([
      {
        type: 'save-settings',
        settings: { tables: { 'node-instances': { columns: expect.arrayContaining(['pids']) } } },
      },
    ]);
    session.keys('s', 'esc');
    expect(session.body()[1]).toContain('PROCSv');
    session.keys('o', 'j', 'j', 'j', 'j', 'space', 'esc');
    expect(session.body()[1]).not.toContain('RELEASE');
    const later = new Session({ columns: 160, rows: 30 });
    later.state = initialState({ ...later.state, settings: session.state.settings });
    later.does({ type: 'snapshot', snapshot }).keys('enter');
    expect(later.body()[1]).toBe(session.body()[1]);
    expect(later.keys('0').body()[1]).toContain('RELEASE');
  });

  test('the last one stays', () => {
    const settings = { ...DEFAULT_SETTINGS, tables: { nodes: { columns: ['state'] } } };
    const session = Session.ready();
    session.state = { ...session.state, settings };
    session.keys('o', 'space');
    expect(session.status()).toContain('One column has to stay');
  });

  test('columns and orders that this version does not know change nothing', () => {
    const sort = { column: 'gone', descending: true };
    const settings = { ...DEFAULT_SETTINGS, tables: { nodes: { columns: ['gone'], sort } } };
    const session = new Session();
    session.state = initialState({ ...session.state, settings });
    session.does({ type: 'snapshot', snapshot });
    expect(session.body()[2]).toBe(Session.ready().body()[2]);
  });
});

describe('changes', () => {
  test('of state, pid and release flash, for a moment', () => {
    const session = Session.ready({ columns: 120, rows: 30 }).keys('enter');
    const { status } = instance(3);
    const flashing = (): string[] => {
      const { body } = frameOf(session.state);
      const lines = body.kind === 'lines' ? body.lines : [];
      return lines.flatMap(({ segments }) =>
        segments.filter(({ tone }) => tone === 'flash').map(({ text }) => text.trim()),
      );
    };
    expect(flashing()).toEqual([]);
    const changed = { ...instance(3), status: { ...status, pid: 7777 } } as InstanceView;
    session.does({ type: 'frame', frame: { at: snapshot.at, instances: [changed] } });
    expect(flashing()).toEqual(['7777']);
    session.at(NOW + 1_500).does({ type: 'tick' });
    expect(flashing()).toEqual([]);
    session.does({ type: 'frame', frame: { at: snapshot.at + 1500, instances: [changed] } });
    expect(flashing()).toEqual([]);
    expect(session.state.fleet.changes.size).toBe(0);
  });
});

describe('pressure', () => {
  const figures = (...packed: number[]): string => {
    const session = Session.ready({ columns: 200, rows: 30 }).keys('enter');
    const node = snapshot.samples[0]?.node as never;
    session.does({
      type: 'frame',
      frame: {
        at: snapshot.at + 1000,
        samples: [{ nodeId: 1, ageMs: 0, node, instances: [1, ...packed, -1, -1, -1] }],
      },
    });
    return session.body().find((line) => line.includes(' web ')) ?? '';
  };

  test('bars stand against the limits; throttling and OOM kills are told where they happen', () => {
    expect(figures(500, 256 * 2 ** 20, 12, 0, 0)).toMatch(
      / 50\.0 .* 256M\/512M .* \|\|\|\.\.\. +50% +\|\|\|\.\.\. +50% /,
    );
    expect(figures(500, 2 ** 20, 12, 250, 2)).toMatch(/ 50\.0! .* 1\.0M\/512M! .* 25\.0 +2 /);
  });

  test.each([
    [0, '......'],
    [0.01, '|.....'],
    [0.5, '|||...'],
    [1, '||||||'],
    [7, '||||||'],
  ])('a bar of %s', (share, bar) => {
    expect(barText(share, 6)).toBe(bar);
  });
});

test('at 80 columns the titles of all tables still fit', () => {
  for (const keys of [['i'], ['i', 'o'], ['B']]) {
    for (const line of Session.ready()
      .keys(...keys)
      .body())
      expect(lineText({ segments: [{ text: line }] }).length).toBeLessThanOrEqual(80);
  }
});
