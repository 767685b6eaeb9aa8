import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { displayWidth } from '../../cockpit/format/width.ts';
import { openCockpit } from './cockpit-support.ts';

const CHINESE = { LANG: 'zh_CN.UTF-8' };

/** Display columns at which the words of a row begin. */
function startsOf(row: string): number[] {
  return [...row.matchAll(/\S+/g)].map(({ index }) => displayWidth(row.slice(0, index)));
}

test.each([
  [60, 15],
  [80, 24],
  [200, 50],
])('a Chinese locale shows Chinese at %ix%i, and columns stay below their titles', async (columns, rows) => {
  const { terminal } = openCockpit({ columns, rows, env: CHINESE });
  await terminal.waitFor('3 个节点');
  expect(terminal.screen()[0]).toContain('已连接');
  const lines = terminal.screen();
  const title = lines.find((line) => line.includes('节点^')) ?? '';
  const alpha = lines.find((line) => line.includes('alpha')) ?? '';
  expect(alpha).toMatch(/^> 在线/);
  // Behind the cursor: the first two columns are to the left, where titles and cells begin together.
  expect(startsOf(title).slice(0, 2)).toEqual(startsOf(alpha).slice(1, 3));
  terminal.press('i');
  await terminal.waitFor('崩溃循环');
  await terminal.waitFor('节点离线，为最后所知状态');
  for (const line of terminal.screen()) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
});

test('filters take Chinese words and English ones, and say in Chinese what they do not understand', async () => {
  const { terminal } = openCockpit({ columns: 100, env: CHINESE });
  await terminal.waitFor('3 个节点');
  terminal.press('i', '/');
  terminal.type('state:崩溃循环');
  await terminal.waitFor('显示 1 行');
  await terminal.waitFor('native-echo');
  terminal.press('ctrl-u');
  terminal.type('state:crash-loop');
  await terminal.waitFor('显示 1 行');
  terminal.press('ctrl-u');
  terminal.type('running');
  await terminal.waitFor('显示 4 行');
  terminal.press('ctrl-u');
  terminal.type('foo:bar');
  await terminal.waitFor('此处没有键「foo」');
});

test('a question, a form and the help are Chinese', async () => {
  const { terminal } = openCockpit({ env: CHINESE });
  await terminal.waitFor('3 个节点');
  terminal.press('i', 'r');
  await terminal.waitFor('重启 1 个节点上的 1 个实例？');
  await terminal.waitFor('按 y 重启，按 n 或 esc 则不做任何改动。');
  terminal.press('n', 'm');
  await terminal.waitFor('限额：native-echo@alpha:8103');
  await terminal.waitFor('内存警戒线');
  terminal.press('escape', '?');
  await terminal.waitFor('「实例」的按键');
});

test('the setting is stronger than the locale, and one that is unknown is told', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sgrid-language-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'sgrid'));
  const file = join(home, 'sgrid', 'config.json');
  writeFileSync(file, '{"language": "en", "toured": true}');
  const { terminal } = openCockpit({ env: { ...CHINESE, XDG_CONFIG_HOME: home } });
  await terminal.waitFor('3 nodes');
  writeFileSync(file, '{"language": "fr"}');
  const other = openCockpit({ columns: 160, env: { XDG_CONFIG_HOME: home } });
  await other.terminal.waitFor('language: is en or zh-CN');
});

test('a terminal that shows nothing but ASCII gets English', async () => {
  const { terminal } = openCockpit({ env: { LANG: 'zh_CN.GB18030' } });
  await terminal.waitFor('3 nodes');
});
