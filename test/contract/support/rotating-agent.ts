// Rotates one log, and is killed at the n-th thing that it does to the file system. Arguments: root, n, and what to do at
// that point: "before" or "after" it. Prints the names of all when it came through.
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { english } from '../../../common/domain/said.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import { endWithParent } from '../../support/end-with-parent.ts';

const [root = '', killAtText = '0', when = 'before'] = process.argv.slice(2);
const killAt = Number(killAtText);
const done: string[] = [];
let isArmed = false;

type Method = (...args: never[]) => unknown;

/** Counts calls of a function, and kills this process, as hard as can be, around the one that is asked for. */
function trap(owner: object, name: string): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name];
  if (original === undefined) throw new Error(`no ${name} to put a trap on`);
  methods[name] = function trapped(this: unknown, ...args: never[]) {
    if (!isArmed) return original.apply(this, args);
    done.push(name);
    const isHere = done.length === killAt;
    if (isHere && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = original.apply(this, args);
    if (!isHere) return result;
    if (result instanceof Promise) {
      return result.then((value) => {
        process.kill(process.pid, 'SIGKILL');
        return value;
      });
    }
    process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

for (const name of [
  'openSync',
  'writeFileSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'ftruncateSync',
  'readSync',
]) {
  trap(fs, name);
}
trap(fs, 'writeSync');
trap(fsPromises, 'open');
const handle = await fsPromises.open(import.meta.filename);
const handlePrototype: object = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['write', 'sync', 'read']) trap(handlePrototype, name);
// By this the cutter is told to go.
trap(Socket.prototype, 'end');
syncBuiltinESMExports();

endWithParent();
isArmed = true;
const rotated = Promise.withResolvers<void>();
const store = createLogStore({
  root,
  clock: Date.now,
  checkIntervalMs: 1,
  rotation: { maxFileBytes: 100_000, maxAgeMs: 1e12, maxTotalBytes: 1e12 },
  onEvent: ({ kind, message }) => {
    if (kind === 'failed') rotated.reject(new Error(english(message)));
    else rotated.resolve();
  },
});
await rotated.promise;
isArmed = false;
await store.close();
process.stdout.write(JSON.stringify(done));
