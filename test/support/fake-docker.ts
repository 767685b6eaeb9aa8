import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A program that plays `docker`, for how its words are read and for what goes wrong; how a real service behaves is tested
 * against a real one. `body` is a shell script; every call's arguments are noted, one a line.
 */
export function fakeDocker(directory: string, body: string): { command: string; callsFile: string } {
  const command = join(directory, 'docker');
  const callsFile = join(directory, 'calls');
  writeFileSync(command, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${callsFile}'\n${body}\n`, { mode: 0o755 });
  return { command, callsFile };
}
