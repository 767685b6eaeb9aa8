/** Writes so many numbered lines of 110 bytes a second, until it is ended: `flood.mjs LINES_A_SECOND`. */
import { writeSync } from 'node:fs';

const LINE_BYTES = 110;
const EVERY_MS = 10;
const perSecond = Number(process.argv[2]);
const startedAt = performance.now();
let written = 0;

setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
  let text = '';
  for (; written < due; written += 1) {
    const head = `${new Date().toISOString()} INFO request ${written} `;
    text += `${head.padEnd(LINE_BYTES - 1, 'x')}\n`;
  }
  if (text !== '') writeSync(1, text);
}, EVERY_MS);
