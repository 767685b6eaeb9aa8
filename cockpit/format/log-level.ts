import type { Tone } from '../view-model/line.ts';

/** Names of levels as loggers write them: whole words, in capitals or between marks, since prose has them too. */
const WORD =
  /(?:^|[\s[(|<:"=])(TRACE|DEBUG|FINE|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|FATAL|PANIC|CRITICAL|CRIT|ALERT|EMERG)(?=$|[\s\]):|>",;])/;
const KEYED = /(?:\blevel|\blvl|\bseverity|"level"|"lvl"|"severity"|"loglevel")"?\s*[=:]\s*"?(\w+)/i;
const BRACKETED = /\[(trace|debug|info|notice|warn|warning|error|crit|alert|emerg|fatal)\]/i;
/** Where a level stands; behind it is the message. */
const LOOKED_AT = 200;

const TONES: Readonly<Record<string, Tone>> = {
  trace: 'dim',
  debug: 'dim',
  fine: 'dim',
  warn: 'warn',
  warning: 'warn',
  error: 'bad',
  err: 'bad',
  severe: 'bad',
  fatal: 'bad',
  panic: 'bad',
  critical: 'bad',
  crit: 'bad',
  alert: 'bad',
  emerg: 'bad',
  // pino and bunyan.
  '10': 'dim',
  '20': 'dim',
  '40': 'warn',
  '50': 'bad',
  '60': 'bad',
};

/** How grave a line is by the level that it names, as plain text, `key=value` or JSON; undefined when it is as usual. */
export function levelTone(text: string): Tone | undefined {
  const head = text.slice(0, LOOKED_AT);
  const match = KEYED.exec(head) ?? BRACKETED.exec(head) ?? WORD.exec(head);
  const level = match?.[1]?.toLowerCase();
  return level === undefined ? undefined : TONES[level];
}
