import { toWireError } from '../protocol/errors.ts';

/** What one look at the machine showed. */
export interface Finding {
  level: 'ok' | 'warn' | 'bad';
  /** What was looked at, in a word or two. */
  what: string;
  /** What was seen. */
  text: string;
  /** What to do; only where something is wrong. */
  hint?: string;
}

export type Seen = Omit<Finding, 'what'>;
export type Check = () => Promise<Seen> | Seen;

/** Runs checks one after another; one that fails is a finding too. */
export async function examine(checks: Readonly<Record<string, Check>>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [what, check] of Object.entries(checks)) {
    try {
      findings.push({ what, ...(await check()) });
    } catch (error) {
      const { message, hint } = toWireError(error);
      findings.push({ level: 'bad', what, text: message, ...(hint !== undefined && { hint }) });
    }
  }
  return findings;
}

/** @returns the exit status: 1 when something is bad. */
export function printFindings(findings: readonly Finding[], stdout: NodeJS.WritableStream): number {
  const words = { ok: 'ok  ', warn: 'warn', bad: 'BAD ' };
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { level, what, text, hint } of findings) {
    stdout.write(`${words[level]}  ${what.padEnd(width)}  ${text}\n`);
    if (hint !== undefined) stdout.write(`      ${''.padEnd(width)}  → ${hint}\n`);
  }
  const count = (level: Finding['level']): number =>
    findings.filter((finding) => finding.level === level).length;
  stdout.write(`${count('ok')} ok, ${count('warn')} to look at, ${count('bad')} bad\n`);
  return count('bad') === 0 ? 0 : 1;
}
