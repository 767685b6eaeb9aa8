import { CONFIG } from './zh-cn/config.ts';
import { COMMANDS, KEYS } from './zh-cn/keys.ts';
import { LOG } from './zh-cn/log.ts';
import { PAGES } from './zh-cn/pages.ts';
import { QUESTIONS } from './zh-cn/questions.ts';
import { TOASTS } from './zh-cn/toasts.ts';
import { TOLD_EVENTS } from './zh-cn/told-events.ts';
import { TOLD_HINTS } from './zh-cn/told-hints.ts';
import { TOLD_REFUSALS } from './zh-cn/told-refusals.ts';
import { WORDS } from './zh-cn/words.ts';

/** Simplified Chinese, by the English text. What Chinese operators say in English stays so: PID, cgroup, OOM, token. */
export const MESSAGES = {
  ...WORDS,
  ...KEYS,
  ...COMMANDS,
  ...PAGES,
  ...LOG,
  ...QUESTIONS,
  ...CONFIG,
  ...TOASTS,
} as const;

/** What is counted, with its measure word. */
export const NOUNS = {
  byte: '{count} 字节',
  core: '{count} 核',
  'changed file': '{count} 个文件有变化',
  instance: '{count} 个实例',
  line: '{count} 行',
  log: '{count} 份日志',
  'marked instance': '已标记 {count} 个实例',
  'marked release': '已标记 {count} 个发布包',
  'more failure': '另有 {count} 个失败',
  'more line': '还有 {count} 行',
  name: '{count} 个',
  'new line': '{count} 行新日志',
  node: '{count} 个节点',
  pid: '{count} 个进程',
  release: '{count} 个发布包',
  restart: '重启 {count} 次',
  'running instance': '{count} 个运行中实例',
} as const;

/** What master and agents say, by the text of the tag `said`. */
export const TOLD: Readonly<Record<string, string>> = { ...TOLD_EVENTS, ...TOLD_REFUSALS, ...TOLD_HINTS };

export { ERROR_WORDS, EVENT_WORDS } from './zh-cn/kinds.ts';
