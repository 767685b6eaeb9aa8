// Appends numbered lines as a program does behind the shim, O_APPEND, some 200,000 a second, until its standard input
// ends. Then prints how many, and in how many milliseconds.
import { closeSync, openSync, writeSync } from 'node:fs';

const LINES_A_WRITE = 97;
const WRITES_A_TURN = 5;
const PAUSE_MS = 2;
const fd = openSync(process.argv[2], 'a');
const startedAt = performance.now();
let lines = 0;
const turn = () => {
  for (let write = 0; write < WRITES_A_TURN; write += 1) {
    let text = '';
    for (let count = 0; count < LINES_A_WRITE; count += 1) {
      lines += 1;
      text += `${lines} a line of a flood, of a usual length\n`;
    }
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  }
};
const timer = setInterval(turn, PAUSE_MS);
process.stdin.resume().once('end', () => {
  clearInterval(timer);
  closeSync(fd);
  process.stdout.write(`${JSON.stringify({ lines, ms: Math.round(performance.now() - startedAt) })}\n`);
});
