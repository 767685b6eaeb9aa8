import { describe, expect, test } from 'vitest';
import { actionName } from '../../../cockpit/keymap/action-name.ts';
import { BINDINGS } from '../../../cockpit/keymap/bindings.ts';
import { conflictsOf } from '../../../cockpit/keymap/conflicts.ts';
import { keyPresses } from '../../../cockpit/keymap/keys.ts';
import { remapKeys } from '../../../cockpit/keymap/remap.ts';
import { resolvePaste } from '../../../cockpit/keymap/resolve.ts';
import { english } from '../../../cockpit/language/translate.ts';
import { parsePalette } from '../../../cockpit/store/palette.ts';
import { frameOf } from '../../../cockpit/view-model/frame.ts';
import { helpLines } from '../../../cockpit/view-model/help.ts';
import type { Role } from '../../../common/domain/role.ts';
import { linkUp } from '../../support/recorded-client.ts';
import { lineText, press, Session } from './support.ts';

test('no key means two things in one place', () => {
  expect(conflictsOf(BINDINGS)).toEqual([]);
  const [first] = BINDINGS;
  if (first === undefined) throw new Error('no bindings');
  expect(conflictsOf([first, first])).not.toEqual([]);
});

test('a name of the config file means one thing in one place, so that each key can be another', () => {
  const meanings = new Map<string, Set<string>>();
  for (const { action, contexts } of BINDINGS) {
    for (const context of contexts) {
      const name = `${context}/${actionName(action)}`;
      meanings.set(name, (meanings.get(name) ?? new Set()).add(JSON.stringify(action)));
    }
  }
  expect([...meanings].filter(([, actions]) => actions.size > 1).map(([name]) => name)).toEqual([]);
  const { bindings, problems } = remapKeys(english, BINDINGS, {
    'log-last-5m': ['7'],
    'log-run-before': ['('],
  });
  expect(problems).toEqual([]);
  expect(bindings.filter(({ keys }) => keys.includes('7') || keys.includes('('))).toHaveLength(2);
});

test('ctrl-c leaves from everywhere, also out of a text, a question and an upload', () => {
  const places = [
    [],
    ['i'],
    ['i', 'd'],
    ['i', 'l'],
    ['i', 'l', '/'],
    ['i', 'r'],
    [':'],
    ['/'],
    ['?'],
    ['D'],
    [':', 'ev', 'enter'],
  ];
  for (const place of places) {
    const session = Session.ready().keys(...place);
    session.took();
    expect(session.keys('ctrl-c').took(), place.join(' ')).toContainEqual({ type: 'exit' });
  }
});

test('keys that come in one read are taken one by one, each where the one before has led', () => {
  expect(press('jj\r').map((key) => key.name)).toEqual(['j', 'j', 'enter']);
  const session = Session.ready().keys(':ev\r');
  expect(session.state.views.at(-1)?.screen.name).toBe('events');
});

test('a pasted text is text in a prompt and nothing elsewhere', () => {
  const session = Session.ready().keys('i');
  expect(resolvePaste(session.state, 'ryDqqq')).toBeNull();
  session.keys('/');
  expect(resolvePaste(session.state, 'web')).toEqual({ type: 'edit', edit: { type: 'insert', text: 'web' } });
});

test('what Ink calls delete is backspace too', () => {
  const flags = Object.fromEntries(
    [
      'upArrow',
      'downArrow',
      'leftArrow',
      'rightArrow',
      'pageUp',
      'pageDown',
      'home',
      'end',
      'return',
      'escape',
      'tab',
      'backspace',
      'ctrl',
      'shift',
      'meta',
    ].map((name) => [name, false]),
  );
  expect(keyPresses('', { ...flags, delete: true } as never)).toEqual([{ name: 'backspace', text: '' }]);
});

describe('the palette', () => {
  test('names, aliases and unambiguous beginnings; a filter may follow', () => {
    expect(parsePalette('inst web')).toEqual({
      type: 'go',
      screen: { name: 'instances', nodeId: null },
      filter: 'web',
    });
    expect(parsePalette(' q ')).toEqual({ type: 'quit' });
    expect(parsePalette('ev')).toMatchObject({ screen: { name: 'events' } });
    expect(parsePalette('de')).toBeNull();
    expect(parsePalette('nonsense')).toBeNull();
    expect(parsePalette('')).toBeNull();
  });

  test('tab walks through the completions of what was typed', () => {
    const session = Session.ready().keys(':', 'de', 'tab');
    expect(session.state.prompt?.field.text).toBe('deploy');
    session.keys('tab');
    expect(session.state.prompt?.field.text).toBe('describe');
    session.keys('tab');
    expect(session.state.prompt?.field.text).toBe('nodes');
  });

  test('an unknown command says so', () => {
    const session = Session.ready().keys(':', 'nonsense', 'enter');
    expect(session.status()).toContain('No command ":nonsense"');
    expect(session.state.prompt).toBeNull();
  });

  test('what stands behind a command that is about the selected row is refused, not left out', () => {
    const session = Session.ready().keys(
      'i',
      'down',
      ...[...':stop native'].map((key) => (key === ' ' ? 'space' : key)),
      'enter',
    );
    expect(session.state.confirm).toBeNull();
    expect(session.status()).toContain('":stop" takes nothing behind it');
    session.keys(...':stop', 'enter');
    expect(session.state.confirm).not.toBeNull();
  });
});

test('esc brings back the filter that was there before', () => {
  const session = Session.ready().keys('i', '/', 'web', 'enter', '/', 'xyz', 'esc');
  expect(session.state.views.at(-1)?.table.filter).toBe('web');
  session.keys('esc');
  expect(session.state.views.at(-1)?.table.filter).toBe('');
});

test('the help of a screen holds every key that works on it', () => {
  for (const of of ['nodes', 'instances', 'events', 'describe', 'logs'] as const) {
    const text = helpLines(of, 120).map(lineText).join('\n');
    for (const binding of BINDINGS.filter(({ contexts }) => contexts.includes(of))) {
      expect(text).toContain(binding.keys.join(', '));
    }
  }
});

test('help opens on the screen that one is on, scrolls to its end and no further', () => {
  const session = Session.ready().keys('i', '?');
  expect(session.body()[0]).toBe(' Keys in instances');
  session.keys('G', 'j', 'j');
  expect(session.body().join('\n')).toContain('leave; services keep running');
  expect(session.body().length).toBeGreaterThan(10);
});

test('a viewer is not offered what a viewer is refused', () => {
  const hints = (role: Role) =>
    lineText(frameOf(Session.ready({ columns: 200, rows: 24 }, linkUp(role)).keys('i').state).hints);
  expect(hints('operator')).toMatch(/ r restart .* D deploy/);
  expect(hints('viewer')).not.toMatch(/restart|stop|deploy/);
  expect(hints('viewer')).toContain('l logs');
});

test('a page about a node is not offered what is done to instances', () => {
  const hints = (...keys: string[]) =>
    lineText(frameOf(Session.ready({ columns: 200, rows: 24 }).keys(...keys).state).hints);
  expect(hints('i', 'd')).toMatch(/l logs .* r restart .* m limits/);
  expect(hints('d')).toMatch(/D deploy .* c charts/);
  expect(hints('d')).not.toMatch(/logs|restart|stop|start|limits|why/);
  expect(hints('i', 'c')).toMatch(/x why it ended .* l logs/);
  expect(hints('c')).not.toMatch(/logs|why/);
});

test('a page that goes on below says how far', () => {
  const session = Session.ready().keys('i', '?');
  expect(session.status()).toMatch(/^ \d+ more lines below$/);
  expect(session.keys('G').status()).toBe('');
});

test('the next match is hinted from the first search on', () => {
  const session = Session.ready({ columns: 200, rows: 24 }).keys('i', 'down', 'down', 'l');
  const hints = (): string => lineText(frameOf(session.state).hints);
  expect(hints()).toContain('/ search');
  expect(hints()).not.toMatch(/ n next| N previous/);
  session.keys('/', 'error', 'enter');
  expect(hints()).toMatch(/ n next .*N previous/);
});
