const LINE_BYTES = 109;
/** What `pm2 logs` puts before each line. */
const PM2_PREFIX = /^\d+\|\S+ +\| /;

/**
 * Looks whether the lines of a burst (programs/speaker.mjs) came, each once, whole and in order.
 *
 * @returns how many did not; `odd` describes the first thing that came and should not have: a torn line, one out of order or
 *   for the second time; null without any
 */
export function checkLines(
  bytes: Uint8Array,
  round: number,
  count: number,
): { lost: number; odd: string | null } {
  const head = `${round} `;
  let [came, last] = [0, 0];
  let odd: string | null = null;
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const rest = lines.pop() ?? '';
  if (rest !== '') odd = `an unfinished last line, "${rest.slice(0, 40)}"`;
  for (const each of lines) {
    const line = each.replace(PM2_PREFIX, '');
    const number = line.startsWith(head) ? Number(line.slice(head.length, head.length + 9)) : Number.NaN;
    if (number > last && number <= count && line.length === LINE_BYTES && /x$/.test(line)) {
      came += 1;
      last = number;
    } else odd ??= `behind line ${last} came "${line.slice(0, 40)}" with ${line.length} bytes`;
  }
  return { lost: count - came, odd };
}
