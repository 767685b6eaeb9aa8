import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../../node/supervisor/ports.ts';
import { assignmentOf, openTestSupervisor, type TestSupervisor } from './agent-supervisor.ts';
import { endWithParent } from './end-with-parent.ts';

/**
 * An agent that kills itself: `<stateDir> <driver> <scenario> <step>` runs one scenario and sends itself SIGKILL before
 * or after the given one of its calls to the outside (even: before, odd: after). Without one so late it says `survived`.
 */
const [stateDir = '', driver = 'none', scenario = '', step = '-1'] = process.argv.slice(2);
endWithParent();

const fatalStep = Number(step);
let steps = 0;

function maybeDie(): void {
  if (steps === fatalStep) process.kill(process.pid, 'SIGKILL');
  steps += 1;
}

/** Counts what happens around every call of an object's functions. */
function counted<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        maybeDie();
        const result: unknown = value.apply(object, args);
        if (!(result instanceof Promise)) {
          maybeDie();
          return result;
        }
        return result.then((settled) => {
          maybeDie();
          return settled;
        });
      };
    },
  });
}

let armed = false;
const arm = (ports: Ports): Ports => {
  if (!armed) return ports;
  const { driver: groups, launcher, logStore, releaseStore, events } = ports;
  return {
    ...ports,
    driver: counted(groups),
    launcher: counted(launcher),
    logStore: counted(logStore),
    releaseStore: counted(releaseStore),
    events: counted(events),
  };
};

async function settled(supervisor: TestSupervisor, check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
  await supervisor.close();
}

const open = (): Promise<TestSupervisor> => openTestSupervisor(stateDir, { driver, ports: arm });
const statusOf = (supervisor: TestSupervisor) => supervisor.status(1);

const scenarios: Record<string, () => Promise<void>> = {
  /** A first start. */
  async start() {
    armed = true;
    const supervisor = await open();
    await supervisor.apply(assignmentOf());
    await supervisor.close();
  },
  /** A running instance is restarted by request. */
  async restart() {
    armed = true;
    const supervisor = await open();
    await supervisor.apply(assignmentOf({ revision: 2, restartGeneration: 1 }));
    await supervisor.close();
  },
  async stop() {
    armed = true;
    const supervisor = await open();
    await supervisor.apply(assignmentOf({ revision: 2, desired: 'stopped' }));
    await supervisor.close();
  },
  /** The program ended while there was no agent; its policy starts it again. */
  async exited() {
    armed = true;
    const supervisor = await open();
    await settled(supervisor, () => {
      const status = statusOf(supervisor);
      return status?.state === 'running' && status.restarts === 1;
    });
  },
};

await scenarios[scenario]?.();
writeFileSync(join(stateDir, 'survived'), existsSync(stateDir) ? String(steps) : '');
process.exit(0);
