/** For programs of tests: ends this process when whoever holds the other end of its stdin, a pipe, is gone. */
export function endWithParent(): void {
  process.stdin.once('end', () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref();
}
