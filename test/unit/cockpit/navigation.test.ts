import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, type Settings } from '../../../cockpit/config/settings.ts';
import { fuzzyRank } from '../../../cockpit/format/fuzzy.ts';
import { actionName } from '../../../cockpit/keymap/action-name.ts';
import { BINDINGS } from '../../../cockpit/keymap/bindings.ts';
import { remapKeys } from '../../../cockpit/keymap/remap.ts';
import { english } from '../../../cockpit/language/translate.ts';
import { initialState } from '../../../cockpit/store/initial.ts';
import { completionsOf, parsePalette } from '../../../cockpit/store/palette.ts';
import { recording, Session } from './support.ts';

const path = (session: Session): string =>
  session
    .header()[1]
    ?.replace(/ +data.*/, '')
    .trim() ?? '';

function configured(settings: Partial<Settings>): Session {
  const session = new Session();
  session.state = initialState({ ...session.state, settings: { ...DEFAULT_SETTINGS, ...settings } });
  return session.does({ type: 'snapshot', snapshot: recording.snapshot });
}

describe('the way one came', () => {
  test('back, forward, and forward is gone once one goes elsewhere', () => {
    const session = Session.ready().keys('enter', 'd', ':ev\r');
    expect(path(session)).toBe('nodes > alpha > describe native-echo:8103 > events');
    session.keys('[');
    expect(path(session)).toBe('nodes > alpha > describe native-echo:8103');
    session.keys('[', '[');
    expect(path(session)).toBe('nodes');
    session.keys('[');
    expect(session.status()).toContain('Nowhere to go back to');
    session.keys(']', ']');
    expect(path(session)).toBe('nodes > alpha > describe native-echo:8103');
    session.keys('esc', ']');
    expect(session.status()).toContain('Nowhere to go forward to');
  });

  test('- goes to and fro between the last two', () => {
    const session = Session.ready().keys('enter', ':nodes\r', '-');
    expect(path(session)).toBe('nodes > alpha');
    session.keys('-');
    expect(path(session)).toBe('nodes');
    session.keys('-');
    expect(path(session)).toBe('nodes > alpha');
  });

  test('the cursor and the filter are found as they were left', () => {
    const session = Session.ready().keys('i', '/', 'web', 'enter', 'j', 'd', '[');
    expect(path(session)).toContain('/web 3 shown');
    expect(session.body().find((line) => line.startsWith('>'))).toContain('web');
  });

  test('a log or a deploy half done is not come back to, but what it stands on is', () => {
    const session = Session.ready().keys('i', 'l', '[');
    expect(path(session)).toBe('nodes > instances');
    session.keys('[');
    expect(path(session)).toBe('nodes');
    session.keys('D', 'esc', 'esc', ']');
    expect(session.state.deploy).toBeNull();
    expect(session.state.logPane).toBeNull();
  });
});

describe('the palette', () => {
  test.each([
    ['ins', 'instances', 0],
    ['nst', 'instances', 2],
    ['ies', 'instances', 7],
    ['sni', 'instances', null],
  ])('%s in %s ranks %s', (pattern, text, rank) => {
    expect(fuzzyRank(pattern, text)).toBe(rank);
  });

  test('completes letters in order, beginnings in front, and runs what only one can mean', () => {
    expect(completionsOf('de').map(({ name }) => name)).toEqual(['deploy', 'describe', 'nodes']);
    expect(parsePalette('dscrb')).toEqual({ type: 'describe' });
    expect(parsePalette('zzz')).toBeNull();
  });

  test('an alias stands for a line, with what follows it', () => {
    const session = configured({ aliases: { bad: 'inst state:unhealthy' } }).keys(':bad node:1\r');
    expect(path(session)).toContain('/state:unhealthy node:1 1 shown');
    session.keys('?');
    expect(session.keys('G').body().join('\n')).toContain('quit');
    expect(completionsOf('ba', session.state.settings.aliases)[0]).toEqual({
      name: 'bad',
      argument: '= inst state:unhealthy',
    });
  });

  test('an alias of itself ends', () => {
    expect(parsePalette('a', { a: 'a' })).toBeNull();
  });

  test('lines are remembered, each once, and come back by what they begin with', () => {
    const session = Session.ready().keys(':inst web\r', ':ev\r', ':nodes\r', ':inst web\r');
    expect(session.state.settings.history).toEqual(['ev', 'nodes', 'inst web']);
    expect(session.took().filter(({ type }) => type === 'save-settings')).toHaveLength(4);
    session.keys(':', 'up', 'up');
    expect(session.state.prompt?.field.text).toBe('nodes');
    session.keys('down', 'down');
    expect(session.state.prompt?.field.text).toBe('');
    session.keys('e', 'up', 'up');
    expect(session.state.prompt?.field.text).toBe('ev');
    session.keys('enter');
    expect(path(session)).toContain('events');
  });

  test('what was no command is not remembered', () => {
    expect(Session.ready().keys(':nonsense\r').state.settings.history).toEqual([]);
  });
});

describe("keys of one's own", () => {
  test('replace those of the table, in the hints and the help too', () => {
    const session = configured({
      keys: { restart: ['ctrl-r'], 'nodes/open': ['o'], 'nodes/columns': ['O'] },
    });
    session.keys('o');
    expect(path(session)).toBe('nodes > alpha');
    session.keys('r');
    expect(session.state.confirm).toBeNull();
    session.keys('ctrl-r');
    expect(session.state.confirm?.change).toEqual({ kind: 'verb', verb: 'restart' });
    expect(session.keys('esc', '?').body().join('\n')).toContain('ctrl-r');
  });

  test.each([
    [{ restart: ['d'] }, 'keys: two meanings for instances: d'],
    [{ restrat: ['x'] }, 'keys: nothing is called "restrat"'],
    [{ restart: ['f99'] }, 'keys: "f99" of restart is no key'],
    [{ quit: [] }, 'keys: quit needs a key'],
  ])('%j is told at start, and all keys are as they were made', (keys, problem) => {
    const { bindings, problems } = remapKeys(english, BINDINGS, keys);
    expect(problems).toContain(problem);
    expect(bindings).toBe(BINDINGS);
    expect(configured({ keys }).state.toasts.map(({ text }) => text)).toContain(problem);
  });

  test('no settings change nothing', () => {
    expect(remapKeys(english, BINDINGS, {})).toEqual({ bindings: BINDINGS, problems: [] });
  });

  test('every binding has a name that a file can hold', () => {
    for (const { action } of BINDINGS) expect(actionName(action)).toMatch(/^[a-z][a-z0-9-]*$/);
  });
});
