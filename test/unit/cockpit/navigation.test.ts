import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, type Settings } from '../../../cockpit/config/settings.ts';
import { fuzzyRank } from '../../../cockpit/format/fuzzy.ts';
import { actionName } from '../../../cockpit/keymap/action-name.ts';
import { BINDINGS, type Binding } from '../../../cockpit/keymap/bindings.ts';
import { conflictsOf } from '../../../cockpit/keymap/conflicts.ts';
import { type KeySettings, remapKeys } from '../../../cockpit/keymap/remap.ts';
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

  const FILE = '/home/ann/.config/sgrid/config.json';
  const keysOf = (bindings: readonly Binding[], name: string): string[] => [
    ...new Set(bindings.filter(({ action }) => actionName(action) === name).flatMap(({ keys }) => keys)),
  ];

  test.each<[string, KeySettings, string[], string[]]>([
    [
      'contradicts the table',
      { restart: ['d'] },
      [
        '"restart" cannot have "d": that is "describe" in instances, services. It keeps r; your other keys hold',
      ],
      ['restart'],
    ],
    [
      'contradicts the table in one place',
      { 'nodes/describe': ['K'] },
      ['"nodes/describe" cannot have "K": that is "cordon" in nodes. It keeps d; your other keys hold'],
      ['describe'],
    ],
    [
      'contradicts another setting',
      { restart: ['ctrl-r'], start: ['ctrl-r'] },
      [
        '"restart" and "start" both have "ctrl-r" in instances, describe, services. They keep r and s; your other keys hold',
      ],
      ['restart', 'start'],
    ],
    ['names nothing', { restrat: ['x'] }, ['nothing is called "restrat"; your other keys hold'], []],
    [
      'names no key',
      { restart: ['f99', 'ctrl-r'] },
      ['"f99" of "restart" is no key. It keeps r; your other keys hold'],
      ['restart'],
    ],
    ['would keep one in', { quit: [] }, ['"quit" needs a key. It keeps ctrl-c'], ['quit']],
    [
      'wants what is free only through one that does not hold',
      { restart: ['d'], describe: ['ctrl-x'] },
      [
        expect.stringMatching(/^"describe" cannot have "ctrl-x": that is "remove" in /),
        expect.stringMatching(/^"restart" cannot have "d": that is "describe" in /),
      ],
      ['restart', 'describe'],
    ],
  ])('a setting that %s is told with its file, and it alone does not hold', (_, keys, told, fallen) => {
    const all = { ...keys, stop: ['ctrl-k'], 'logs/log-head': ['7'] };
    const { bindings, problems } = remapKeys(english, BINDINGS, all, FILE);
    const prefix = `${FILE}, keys: `;
    expect(problems.map((problem) => problem.replace(prefix, ''))).toEqual(told);
    expect(problems.every((problem) => problem.startsWith(prefix))).toBe(true);
    expect(conflictsOf(bindings)).toEqual([]);
    for (const name of fallen) expect(keysOf(bindings, name)).toEqual(keysOf(BINDINGS, name));
    expect(keysOf(bindings, 'stop')).toEqual(['ctrl-k']);
    expect(keysOf(bindings, 'log-head')).toEqual(['7']);
  });

  test('several are told as one at the start, and all of them by ?', () => {
    const session = configured({ keys: { restart: ['d'], restrat: ['x'] } });
    const [toast, ...more] = session.state.toasts.map(({ text }) => text);
    expect(toast).toMatch(/nothing is called "restrat".* \(and 1 more: \? has all\)$/);
    expect(more).toEqual([]);
    const help = session.keys('?').body().join(' ');
    expect(help).toMatch(/do not hold .*called "restrat".*"restart" cannot +have "d".*Keys in nodes/);
  });

  test('keys may be exchanged', () => {
    const { bindings, problems } = remapKeys(english, BINDINGS, { restart: ['d'], describe: ['r'] });
    expect(problems).toEqual([]);
    expect([keysOf(bindings, 'restart'), keysOf(bindings, 'describe')]).toEqual([['d'], ['r']]);
  });

  test('no settings change nothing', () => {
    expect(remapKeys(english, BINDINGS, {})).toEqual({ bindings: BINDINGS, problems: [] });
  });

  test('every binding has a name that a file can hold', () => {
    for (const { action } of BINDINGS) expect(actionName(action)).toMatch(/^[a-z][a-z0-9-]*$/);
  });
});
