import type { Journal } from './journal.ts';
import { createJudge, type Verdict } from './verdict.ts';

/** Reads the bytes of one log, in order, and counts its numbered lines. */
export interface LogCheck {
  feed(data: Uint8Array): void;
  /** @param journals of the service, its children's too */
  verdict(journals: readonly Journal[]): Verdict;
}

interface Counted {
  last: number;
  readonly complaints: string[];
}

const NUMBERED = /^L (\d+-\d+(?:\.\d+-\d+)?) (\d+) \.*;$/;
const COMPLAINTS_PER_RUN = 5;

export function createLogCheck(service: string): LogCheck {
  const counted = new Map<string, Counted>();
  /** What begins as a numbered line does and is none: a program was killed while it wrote. */
  const torn: string[] = [];
  let rest = '';

  const take = (line: string): void => {
    if (!line.startsWith('L')) return;
    const [, name, number] = NUMBERED.exec(line) ?? [];
    if (name === undefined) {
      torn.push(line);
      return;
    }
    const seen = counted.get(name) ?? { last: 0, complaints: [] };
    counted.set(name, seen);
    const sequence = Number(number);
    if (sequence === seen.last + 1) {
      seen.last = sequence;
      return;
    }
    if (seen.complaints.length < COMPLAINTS_PER_RUN) {
      seen.complaints.push(
        sequence <= seen.last
          ? `line ${sequence} is there again behind line ${seen.last}`
          : `lines ${seen.last + 1} to ${sequence - 1} are missing`,
      );
    }
    seen.last = Math.max(seen.last, sequence);
  };

  return {
    feed(data) {
      const text = rest + Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
      let from = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        take(text.slice(from, end));
        from = end + 1;
      }
      rest = text.slice(from);
    },
    verdict(journals) {
      if (rest !== '') take(rest);
      rest = '';
      const judge = createJudge('lines once');
      const tornLeft = [...torn];
      for (const { name, planned, wrote, end } of journals) {
        const seen = counted.get(name) ?? { last: 0, complaints: [] };
        counted.delete(name);
        judge.pass(seen.last);
        for (const complaint of seen.complaints) judge.check(false, () => `${service} ${name}: ${complaint}`);
        const least = end?.lines ?? wrote;
        const most = end?.lines ?? planned;
        judge.check(seen.last >= least && seen.last <= most, () => {
          const expected = least === most ? `${least}` : `${least} to ${most}`;
          return `${service} ${name}: expected ${expected} lines, there are ${seen.last}`;
        });
        // One may have been cut off by the blow that ended it.
        const begun = `L ${name} ${seen.last + 1} ${'.'.repeat(64)}`;
        const at = tornLeft.findIndex((line) => begun.startsWith(line));
        if (at >= 0 && seen.last < most) tornLeft.splice(at, 1);
      }
      for (const line of tornLeft) judge.check(false, () => `${service}: half a line: ${line.slice(0, 200)}`);
      for (const name of counted.keys())
        judge.check(false, () => `${service}: lines of ${name}, which never was`);
      return judge.verdict();
    },
  };
}
