import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { displayWidth, wrapWords } from '../../../cockpit/format/width.ts';
import { chooseLanguage } from '../../../cockpit/language/language.ts';
import { createTranslate, english, loadTranslate } from '../../../cockpit/language/translate.ts';
import { ERROR_WORDS, EVENT_WORDS, MESSAGES, NOUNS, TOLD } from '../../../cockpit/language/zh-cn.ts';
import { reduceConfig } from '../../../cockpit/store/config-centre.ts';
import { drainRefused } from '../../../cockpit/store/form-drain.ts';
import { secretNotSet } from '../../../cockpit/store/form-secret.ts';
import type { LogPaneState } from '../../../cockpit/store/log-pane-state.ts';
import { saveFailed } from '../../../cockpit/store/log-save.ts';
import type { CockpitState } from '../../../cockpit/store/state.ts';
import { withError } from '../../../cockpit/store/toasts.ts';
import { eventKindSchema } from '../../../common/domain/event.ts';
import { english as inEnglish, said } from '../../../common/domain/said.ts';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { ERROR_CODES, SgridError, toWireError } from '../../../common/protocol/errors.ts';
import { demandSoundSpec } from '../../../master/control/service-update.ts';
import { saidTextsIn } from '../../support/said-texts.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CATALOGUE = join(ROOT, 'cockpit/language/zh-cn');

function sourcesIn(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(directory, name));
}

/** Without comments and imports: what is left between quotes is a text or a name. */
function codeOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^(import|export) [\s\S]*?from '[^']*';$/gm, '');
}

const QUOTED = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g;
const TEMPLATE = /`((?:[^`\\]|\\.)*)`/g;

function textsIn(code: string): string[] {
  return [...code.matchAll(QUOTED)].map(([, single, double]) =>
    (single ?? double ?? '').replaceAll(/\\(['"\\])/g, '$1'),
  );
}

test('what stands between a name and what is said of it belongs to the language, as do brackets', () => {
  const joined = /\}: \$\{|`: \$\{|[`}] \(\$\{/;
  const found = ['cockpit/store', 'cockpit/view-model'].flatMap(sourcesIn).flatMap((path) =>
    codeOf(path)
      .split('\n')
      // What nobody is meant to read, and what is said: that has its own Chinese.
      .filter((line) => joined.test(line) && !/new Error\(|said`/.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

describe('the catalogue', () => {
  test('tells apart what stands side by side', () => {
    expect(MESSAGES.Cause).not.toBe(MESSAGES.Reason);
    expect([MESSAGES.VER, MESSAGES.PUB]).not.toEqual(['VER', 'PUB']);
  });

  const code = [...sourcesIn('cockpit'), ...sourcesIn('common')]
    .filter((path) => !path.startsWith('cockpit/language/'))
    .map(codeOf);
  const told = new Set(
    ['common', 'master', 'node', 'cockpit'].flatMap(sourcesIn).flatMap((path) => saidTextsIn(codeOf(path))),
  );
  const literals = new Set([...code.flatMap(textsIn), ...told]);
  // `Select a node to ${what} first` stands for as many messages as there are words for it.
  const templates = code.flatMap((text) =>
    [...text.matchAll(TEMPLATE)].flatMap(([, body = '']) => {
      const parts = body.split(/\$\{[^}]*\}/);
      const isText = parts.length > 1 && parts.join('').trim().split(' ').length > 2;
      return isText
        ? [new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`)]
        : [];
    }),
  );

  test('holds nothing that no source shows', () => {
    const isUsed = (text: string): boolean =>
      literals.has(text) || templates.some((template) => template.test(text));
    expect(Object.keys(MESSAGES).filter((text) => !isUsed(text))).toEqual([]);
    const counted = Object.keys(NOUNS).filter((noun) => !code.some((text) => text.includes(`'${noun}')`)));
    expect(counted).toEqual([]);
  });

  test('says in Chinese whatever master, agent and client say', () => {
    expect(told.size).toBeGreaterThan(400);
    const isKnown = (text: string): boolean => Object.hasOwn(TOLD, text) || Object.hasOwn(MESSAGES, text);
    expect([...told].filter((text) => !isKnown(text))).toEqual([]);
    expect(Object.keys(TOLD).filter((text) => !told.has(text))).toEqual([]);
  });

  test('hears of every refusal with its facts: those that a master or an agent sends are all said', () => {
    const sending = [
      ...['access', 'config-files', 'control', 'handlers', 'http', 'links'].map(
        (folder) => `master/${folder}`,
      ),
      ...['cgroup', 'config-files', 'docker', 'log', 'process', 'release', 'supervisor'].map(
        (folder) => `node/${folder}`,
      ),
    ];
    const unsaid = sending
      .flatMap(sourcesIn)
      .flatMap((path) =>
        [
          ...codeOf(path).matchAll(
            /\b(?:(?:Sgrid|Audited)Error\(\s*'\w+',\s*|hint: )(['"`].*|\w+\.join\(.*)/g,
          ),
        ].map(([, text]) => `${path}: ${text}`),
      );
    expect(unsaid).toEqual([]);
  });

  test('has a word for each kind of refusal and of event', () => {
    expect(ERROR_CODES.filter((code) => !ERROR_WORDS[code])).toEqual([]);
    expect(eventKindSchema.options.filter((kind) => !EVENT_WORDS[kind])).toEqual([]);
  });

  test('is given no verb of English as a value: it would stand in the Chinese as it is', () => {
    const verbs = ['common', 'master', 'node', 'cockpit']
      .flatMap(sourcesIn)
      .flatMap((path) =>
        [...codeOf(path).matchAll(/\bsaid`.*'(?:is|are|was|were|has|have)'.*/g)].map(String),
      );
    expect(verbs).toEqual([]);
  });

  test('has each text once', () => {
    // Words for codes and kinds are no texts.
    const files = readdirSync(CATALOGUE).filter((name) => name !== 'kinds.ts');
    const keys = files.flatMap((name) =>
      [
        ...readFileSync(join(CATALOGUE, name), 'utf8').matchAll(/^ {2}('(?:[^'\\]|\\.)*'|"[^"]*"|\w+):/gm),
      ].map(([, key = '']) => key.replaceAll(/^['"]|['"]$/g, '')),
    );
    expect(keys.length).toBeGreaterThan(900);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });

  test('has the same places for values as the English text', () => {
    const placesOf = (text: string): string[] =>
      [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
    for (const [text, translated] of Object.entries({ ...MESSAGES, ...TOLD }))
      expect([text, placesOf(translated)]).toEqual([text, placesOf(text)]);
    for (const translated of Object.values(NOUNS)) expect(placesOf(translated)).toEqual(['{count}']);
  });

  test('uses no character whose width a terminal is free to choose (UAX 11, ambiguous)', () => {
    const isSure = (text: string): boolean =>
      /^[\x20-\x7e\u3001-\u3003\u3008-\u3011\u4e00-\u9fff\uff01-\uff60]*$/.test(text);
    expect(
      [MESSAGES, NOUNS, TOLD, ERROR_WORDS, EVENT_WORDS]
        .flatMap(Object.values)
        .filter((text) => !isSure(text)),
    ).toEqual([]);
  });
});

/** Names, formats and data that look like sentences; everything else that a person reads is in the catalogue. */
const NOT_SHOWN: readonly RegExp[] = [
  // Kept by the master, for readers of every language.
  /^rollout .* taken back after a crash$/,
  /^version .* again$/,
  // A value that is compared, and what diff(1) writes.
  /^for good$/,
  /No newline at end of file$/,
];

test('no view, no key and no answer of the store has a sentence outside of the catalogue', () => {
  const known = new Set([...Object.keys(MESSAGES), ...Object.keys(NOUNS)]);
  const looksLikeText = (text: string): boolean => /[A-Za-z]{2,}[,:;]? [a-z]{2,}/.test(text);
  // One with quotes in it holds calls, whose texts were seen; one that is a message as a whole is known to the compiler.
  const isTextTemplate = (text: string): boolean =>
    !text.includes("'") && !/^Select an? /.test(text) && looksLikeText(text.replaceAll(/\$\{[^}]*\}/g, '0'));
  const found = [
    'cockpit/view-model',
    'cockpit/keymap',
    'cockpit/store',
    'cockpit/components',
    'cockpit/screens',
  ]
    .flatMap(sourcesIn)
    .flatMap((path) => {
      const code = codeOf(path).replaceAll(/throw new Error\([^;]*;/g, '');
      const templates = [...code.matchAll(TEMPLATE)].map(([, body = '']) => body);
      const plain = textsIn(code.replaceAll(TEMPLATE, ' '));
      return [
        ...plain.filter((text) => looksLikeText(text) && !known.has(text)),
        // What stands between the values of a template; one that is a message as a whole is known to the compiler.
        ...templates.filter(isTextTemplate),
      ]
        .filter((text) => !NOT_SHOWN.some((pattern) => pattern.test(text)))
        .map((text) => `${path}: ${text}`);
    });
  expect(found).toEqual([]);
});

test.each([
  [{}, 'en'],
  [{ env: { LANG: 'zh_CN.UTF-8' } }, 'zh-CN'],
  [{ env: { LANG: 'zh_TW.utf8' } }, 'zh-CN'],
  [{ env: { LANG: 'zh' } }, 'zh-CN'],
  [{ env: { LANG: 'zh_CN.GB18030' } }, 'en'],
  [{ env: { LANG: 'zh_CN.UTF-8@pinyin' } }, 'zh-CN'],
  [{ env: { LANG: 'de_DE.UTF-8' } }, 'en'],
  [{ env: { LANG: 'zha_CN.UTF-8' } }, 'en'],
  [{ env: { LANG: 'zh_CN.UTF-8', LC_MESSAGES: 'en_US.UTF-8' } }, 'en'],
  [{ env: { LANG: 'en_US.UTF-8', LC_MESSAGES: 'C', LC_ALL: 'zh_CN.UTF-8' } }, 'zh-CN'],
  [{ env: { LANG: 'zh_CN.UTF-8', LC_ALL: '' } }, 'zh-CN'],
  [{ env: { LANG: 'zh_CN.UTF-8' }, setting: 'en' }, 'en'],
  [{ setting: 'zh-CN' }, 'zh-CN'],
  [{ setting: 'zh-CN', option: 'en' }, 'en'],
  [{ setting: 'en', option: 'zh_CN' }, 'zh-CN'],
])('%j is %s', (sources: Partial<Parameters<typeof chooseLanguage>[0]>, language) => {
  expect(chooseLanguage({ env: {}, ...sources })).toBe(language);
});

test('values take their places, and a noun the right number', async () => {
  const chinese = await loadTranslate('zh-CN');
  expect(english('{part} of {all} done', { part: 1, all: '{part}' })).toBe('1 of {part} done');
  expect(chinese('{part} of {all} done', { part: 1, all: chinese.count(3, 'instance') })).toBe(
    '3 个实例中 1 个完成',
  );
  expect([english.count(1, 'node'), english.count(0, 'node'), english.count(1234, 'line')]).toEqual([
    '1 node',
    '0 nodes',
    '1,234 lines',
  ]);
  expect(chinese.known('check the path')).toBe('请检查路径');
  expect(chinese.known('constructor')).toBe('constructor');
});

test('what the master says is said with its facts in Chinese, sentences within it too', async () => {
  const chinese = await loadTranslate('zh-CN');
  const failure = said`${said`backoff`}: ${said`exited with ${3}`}`;
  expect(inEnglish(failure)).toBe('backoff: exited with 3');
  expect(english.told(failure)).toBe('backoff: exited with 3');
  expect(chinese.told(failure)).toBe('退避中：以退出码 3 退出');
  // A value is a value, whatever it reads like.
  expect(chinese.told(said`there is no service "${'running'}"`)).toBe('没有服务「running」');
  expect(chinese.told('its policy is never')).toBe('重启策略为 never');
  expect([chinese.event('node.lost'), english.event('instance.oom')]).toEqual(['节点失联', 'instance.oom']);
});

test('a refusal says in Chinese why and what to do; one that is not known here says of what kind it is', async () => {
  const chinese = await loadTranslate('zh-CN');
  const refusal = toWireError(
    new SgridError('node_unreachable', said`node ${7} is not connected`, { hint: said`list the nodes` }),
  );
  expect(refusal.message).toBe('node 7 is not connected');
  expect([chinese.why(refusal), chinese.hint(refusal)]).toEqual(['节点 7 未连接', '请列出节点']);
  expect([english.why(refusal), english.hint(refusal)]).toEqual([
    'node 7 is not connected',
    'list the nodes',
  ]);
  const later = { code: 'conflict' as const, message: 'the moon is full' };
  expect(chinese.why(later)).toBe('与现状冲突：the moon is full');
  const newer = { ...later, said: { text: 'the {0} is full', values: ['moon'] } };
  expect(chinese.why(newer)).toBe('与现状冲突：the moon is full');
});

test('what to do stands in Chinese brackets, wherever a refusal is told with it', async () => {
  const t = await loadTranslate('zh-CN');
  const error = toWireError(
    new SgridError('node_unreachable', said`node ${7} is not connected`, { hint: said`list the nodes` }),
  );
  const stateWith = (kind: string) =>
    ({ t, toasts: [], form: { purpose: { kind } } }) as unknown as CockpitState;
  const file = { serviceName: 'web', name: 'web.yaml', instanceId: null };
  const saving = { t, saving: { saveId: 1 } } as unknown as LogPaneState;
  const told = [
    reduceConfig(stateWith('config-save'), { type: 'config-not-saved', file, error }).state.form?.problem,
    reduceConfig(stateWith('config-publish'), { type: 'config-failed', what: 'Could not compare', error })
      .state.form?.problem,
    drainRefused(stateWith('drain'), error).form?.problem,
    secretNotSet(stateWith('secret'), error).form?.problem,
    withError(stateWith('drain'), 'web', error).toasts[0]?.text,
    saveFailed(saving, 1, error).notice,
  ];
  for (const text of told) expect(text).toMatch(/节点 7 未连接（请列出节点）$/);
});

test('a refusal of a specification is Chinese to its inner part', async () => {
  const chinese = await loadTranslate('zh-CN');
  const given = { name: 'web', type: 'binary', dependsOn: ['web'], ports: { from: 2, to: 1 } };
  const refuse = (): void => demandSoundSpec(serviceSpecSchema.parse(given), []);
  expect(refuse).toThrow('service web: dependsOn: a service cannot wait for itself; ports: from 2 must');
  try {
    refuse();
  } catch (error) {
    expect(chinese.why(toWireError(error))).toBe(
      '服务 web：dependsOn：服务不能等待自己；ports：from 2 不能大于 to 1',
    );
  }
});

test('what a catalogue lacks stays English', () => {
  const empty = createTranslate('zh-CN', {
    ...{ MESSAGES: {}, NOUNS: {}, TOLD: {}, ERROR_WORDS: {}, EVENT_WORDS: {} },
  } as never);
  expect(empty('running')).toBe('running');
  expect(empty('{count} shown', { count: 2 })).toBe('2 shown');
});

test('Chinese rows end between characters, and none begins with what closes', () => {
  const text = '会先封锁它；停止的实例保持停止，直到有人启动。用 "sgrid instance create" 新增一个。';
  for (let columns = 8; columns < 60; columns++) {
    const rows = wrapWords(text, columns);
    expect(rows.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    for (const row of rows) {
      expect(displayWidth(row)).toBeLessThanOrEqual(columns);
      expect(row).not.toMatch(/^[，。；]/);
    }
  }
});
