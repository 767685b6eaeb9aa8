/**
 * Writes lines when it is told to: `speaker.mjs SOCKET`. On the Unix socket it takes one command a line:
 *
 *   burst ROUND COUNT BYTES    COUNT numbered lines of 110 bytes, so many BYTES a write(2); 1: each line by a write of its own
 *   tick EVERY_MS COUNT        COUNT lines with the moment of their write
 *   say WORD
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';

const FILLER = 'x'.repeat(110);

function write(text) {
  for (let left = Buffer.from(text); left.length > 0; ) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function burst(round, count, bytes) {
  let buffered = '';
  for (let at = 1; at <= count; at += 1) {
    const head = `${round} ${String(at).padStart(9, '0')} `;
    buffered += `${head}${FILLER.slice(head.length + 1)}\n`;
    if (buffered.length < bytes) continue;
    write(buffered);
    buffered = '';
  }
  write(buffered);
}

function tick(everyMs, count) {
  let left = count;
  const timer = setInterval(() => {
    left -= 1;
    if (left === 0) clearInterval(timer);
    // CLOCK_MONOTONIC, the same for all processes: clock_gettime(2).
    write(`tick ${process.hrtime.bigint()}\n`);
  }, everyMs);
}

const commands = {
  burst: (round, count, bytes) => burst(round, Number(count), Number(bytes)),
  tick: (everyMs, count) => tick(Number(everyMs), Number(count)),
  say: (word) => write(`${word}\n`),
};

createServer((socket) => {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const [name, ...args] = text.slice(0, end).split(' ');
      text = text.slice(end + 1);
      commands[name](...args);
    }
  });
}).listen(process.argv[2]);
