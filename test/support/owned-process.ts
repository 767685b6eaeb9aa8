import type { ChildProcess } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** Sees to it that a child does not outlive the test that started it, also when that fails, or times out in a hook. */
export function killAfterTest<T extends ChildProcess>(child: T): T {
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
