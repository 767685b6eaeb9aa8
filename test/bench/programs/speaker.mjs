/**
 * Writes lines when it is told to: `speaker.mjs SOCKET`. On the Unix socket it takes one command a line:
 *
 *   burst ROUND COUNT BYTES    COUNT numbered lines of 110 bytes, so many BYTES a write(2); 1: each line by a write of its own
 *   tick EVERY_MS COUNT        COUNT lines with the moment of their write
 *   say WORD
 *
 * Each is answered by its number, from 0, as a line of its own, when all of it is written.
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';

const LINE_BYTES = 110;
const NUMBER_DIGITS = 9;

function writeAll(bytes) {
  for (let left = bytes; left.length > 0; ) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** The lines are made in place: the program is to take as little of the time as it can. */
function burst(round, count, bytes) {
  const head = `${round} `;
  const perWrite = Math.max(1, Math.floor(bytes / LINE_BYTES));
  const buffer = Buffer.alloc(perWrite * LINE_BYTES, 'x');
  for (let at = 0; at < perWrite; at += 1) {
    buffer.write(`${head}${'0'.repeat(NUMBER_DIGITS)} `, at * LINE_BYTES);
    buffer[(at + 1) * LINE_BYTES - 1] = 0x0a;
  }
  let filled = 0;
  for (let number = 1; number <= count; number += 1) {
    const end = filled * LINE_BYTES + head.length + NUMBER_DIGITS;
    for (let digit = 1, rest = number; digit <= NUMBER_DIGITS; digit += 1, rest = Math.floor(rest / 10))
      buffer[end - digit] = 0x30 + (rest % 10);
    filled += 1;
    if (filled < perWrite && number < count) continue;
    writeAll(buffer.subarray(0, filled * LINE_BYTES));
    filled = 0;
  }
}

function tick(everyMs, count, done) {
  let left = count;
  const timer = setInterval(() => {
    left -= 1;
    // CLOCK_MONOTONIC, the same for all processes: clock_gettime(2).
    writeAll(Buffer.from(`tick ${process.hrtime.bigint()}\n`));
    if (left > 0) return;
    clearInterval(timer);
    done();
  }, everyMs);
}

const commands = {
  burst(done, round, count, bytes) {
    burst(round, Number(count), Number(bytes));
    done();
  },
  tick: (done, everyMs, count) => tick(Number(everyMs), Number(count), done),
  say(done, word) {
    writeAll(Buffer.from(`${word}\n`));
    done();
  },
};

createServer((socket) => {
  let text = '';
  let count = 0;
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const [name, ...args] = text.slice(0, end).split(' ');
      text = text.slice(end + 1);
      const number = count;
      count += 1;
      commands[name](() => socket.write(`${number}\n`), ...args);
    }
  });
}).listen(process.argv[2]);
