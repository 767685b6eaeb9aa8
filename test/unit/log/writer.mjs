// Appends numbered lines to a file as a program does behind the shim: O_APPEND, in writes of uneven size that end anywhere.
import { closeSync, openSync, writeSync } from 'node:fs';

const [file, bytesText] = process.argv.slice(2);
const fd = openSync(file, 'a');
let pending = '';
let line = 0;
let left = Number(bytesText);
let size = 1;
while (left > 0) {
  while (pending.length < size) {
    line += 1;
    pending += `${line} ${'é🚀x'.repeat(line % 17)}\n`;
  }
  const bytes = Buffer.from(pending.slice(0, size)).subarray(0, left);
  pending = pending.slice(size);
  writeSync(fd, bytes);
  left -= bytes.length;
  size = (size * 7 + 3) % 5003;
}
closeSync(fd);
