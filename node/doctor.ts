import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { checkDirectory, checkPort } from '../common/doctor/checks.ts';
import { type Check, examine, type Finding, type Seen } from '../common/doctor/finding.ts';
import { readLockHolder } from '../common/system/lock-file.ts';
import { detectDriver } from './cgroup/detect.ts';
import type { AgentConfig } from './config.ts';
import { checkMaster, checkToken } from './doctor-master.ts';
import { stateLayout } from './supervisor/layout.ts';

/** Looks for what commonly keeps an agent from doing its job. Changes nothing, and may run beside an agent. */
export function examineNode(config: AgentConfig, version: string): Promise<Finding[]> {
  const stateDir = resolve(config.stateDir);
  const checks: Record<string, Check> = {
    user: checkUser,
    cgroups: () => checkCgroups(config),
    pressure: () => checkPressure(),
    state: () => checkDirectory(stateDir),
    'log rotation': () => checkCollapse(stateDir),
    port: () => checkPort('127.0.0.1', config.nodePort, agentOn(stateDir)),
    token: () => checkToken(config.mainNode, resolve(config.tokenFile ?? join(stateDir, 'agent.token'))),
    master: () => checkMaster(config.mainNode, version),
    setpriv: () => checkTool('setpriv', 'needed for services with runAs: install util-linux'),
    java: () => checkTool(config.javaBinary, 'needed for services of type java only'),
    docker: () => checkTool('docker', 'needed for services with a dockerName only'),
  };
  return examine(checks);
}

function checkUser(): Seen {
  return process.getuid?.() === 0
    ? { level: 'ok', text: 'root: limits, users and groups of services can be set' }
    : { level: 'warn', text: 'not root', hint: 'without root there are no limits and no runAs' };
}

async function checkCgroups({ cgroupDriver, cgroupParent }: AgentConfig): Promise<Seen> {
  const { name, warning } = await detectDriver({ driver: cgroupDriver, parent: cgroupParent });
  const text = `driver ${name}${cgroupDriver === 'auto' ? ' is the best that works here' : ', by configuration'}`;
  if (warning === '') return { level: 'ok', text };
  const hint = 'run the agent as root on a machine with cgroup v2, or v1 with cpu, memory and pids';
  return { level: 'warn', text: `${text}, but: ${warning}`, hint };
}

function checkPressure(): Seen {
  return existsSync('/proc/pressure/cpu')
    ? { level: 'ok', text: 'the kernel tells of pressure (PSI)' }
    : { level: 'warn', text: 'no /proc/pressure', hint: 'boot with psi=1 to see pressure; all else works' };
}

/** fallocate(2) `FALLOC_FL_COLLAPSE_RANGE` is there on ext4 and XFS. */
function checkCollapse(directory: string): Seen {
  const type = fileSystemOf(directory, readFileSync('/proc/self/mounts', 'utf8'));
  return /^(ext4|xfs)$/.test(type)
    ? { level: 'ok', text: `${type}: no line is lost` }
    : {
        level: 'warn',
        text: `${type} cannot cut off the head of a file`,
        hint: 'lines that a program writes during the cut may be lost: put the state on ext4 or XFS',
      };
}

/** The type of the file system with the longest mount point above a path; fstab(5) escapes blanks in octal. */
export function fileSystemOf(path: string, mounts: string): string {
  let best = { length: -1, type: 'unknown' };
  for (const line of mounts.split('\n')) {
    const [, escaped = '', type = ''] = line.split(' ');
    const point = escaped.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    const isAbove = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
    // Of two mounts on one point the later one is seen.
    if (point !== '' && isAbove && point.length >= best.length) best = { length: point.length, type };
  }
  return best.type;
}

function agentOn(stateDir: string): string | null {
  const holder = readLockHolder(stateLayout(stateDir).lockFile);
  return holder === null ? null : `the agent that runs (process ${holder.pid})`;
}

async function checkTool(command: string, hint: string): Promise<Seen> {
  const found = await execa('sh', ['-c', 'command -v "$0"', command], { reject: false, timeout: 5_000 });
  return found.failed ? { level: 'warn', text: 'not found', hint } : { level: 'ok', text: found.stdout };
}
