import { readBootId, signalProcess } from '../../common/system/process-identity.ts';
import type { Random } from '../support/random.ts';
import { pause, uptimeMs } from './clock.ts';
import type { Component } from './component.ts';
import { isNodeUp, type Service } from './fleet.ts';
import type { ActionKind, Ledger } from './ledger.ts';
import type { Operator } from './operator.ts';
import type { System } from './system.ts';

export interface Disturbed {
  readonly system: System;
  readonly services: readonly Service[];
  readonly ledger: Ledger;
  readonly operator: Operator;
  /** Ends the disturbing: each leaves what it disturbs as it found it. */
  readonly signal: AbortSignal;
  /** Random numbers of its own for each, so that what one draws does not depend on how fast another is. */
  readonly random: (index: number) => Random;
}

/** All kinds of harm, side by side, until the signal. */
export async function disturb(all: Disturbed): Promise<void> {
  const { system, ledger } = all;
  const aims = all.random(7);
  const command = (): void => operateOnce(all, aims);
  // What is only half done when the agent dies is half done for a few milliseconds, so some blows are aimed at that.
  const end = (): void => shootOnce(all, aims);
  await Promise.all([
    harmComponent(all, system.agent, all.random(1), [() => {}, command, end, end], () =>
      ledger.agentTrouble(),
    ),
    harmComponent(all, system.master, all.random(2), [() => {}, command], () => ({ to: null })),
    harmLine(all, all.random(3)),
    shootPrograms(all, all.random(4)),
    operate(all, all.random(5)),
  ]);
}

const AIM_MS = 80;

/**
 * Kills, ends, or freezes master or agent, and leaves it dead or frozen for a while.
 *
 * @param triggers what gives it something to do just before
 */
async function harmComponent(
  { ledger, signal }: Disturbed,
  component: Component,
  random: Random,
  triggers: readonly (() => void)[],
  trouble: () => { to: number | null },
): Promise<void> {
  const { name } = component;
  for (;;) {
    await pause(500 + random.below(4500), signal);
    if (signal.aborted) return;
    const how = random.below(6);
    const forMs = random.below(2500);
    const aimMs = random.below(AIM_MS);
    triggers[random.below(triggers.length)]?.();
    await pause(aimMs);
    const lasting = trouble();
    if (how < 2) {
      ledger.count(`${name}: SIGSTOP and SIGCONT`);
      component.freeze();
      await pause(500 + forMs, signal);
      component.thaw();
    } else {
      const ending = how < 5 ? 'SIGKILL' : 'SIGTERM';
      ledger.count(`${name}: ${ending} and restart`);
      await component.end(ending);
      await pause(forMs, signal);
      component.start();
    }
    lasting.to = uptimeMs();
  }
}

async function harmLine({ system, ledger, signal }: Disturbed, random: Random): Promise<void> {
  const { line } = system;
  for (;;) {
    await pause(1000 + random.below(6000), signal);
    if (signal.aborted) return;
    if (random.below(3) > 0) {
      ledger.count('line: cut');
      line.cut();
    } else {
      ledger.count('line: stalled');
      line.stall();
    }
    await pause(random.below(3000), signal);
    line.heal();
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGKILL', 'SIGSEGV', 'SIGHUP', 'SIGUSR1', 'SIGABRT'];

/** Ends programs from outside, as a careless person or a bug of theirs would. */
async function shootPrograms(all: Disturbed, random: Random): Promise<void> {
  for (;;) {
    await pause(300 + random.below(1500), all.signal);
    if (all.signal.aborted) return;
    shootOnce(all, random);
  }
}

function shootOnce({ system, services, ledger }: Disturbed, random: Random): void {
  const lasting = services.filter(({ shape }) => shape.lasts);
  const target = lasting[random.below(lasting.length)];
  const how = SIGNALS[random.below(SIGNALS.length)] ?? 'SIGKILL';
  const found = system.watch
    .look()
    .find(({ pid, ticks, service, run }) => service === target?.name && run === `${pid}-${ticks}`);
  if (found === undefined) return;
  const { pid, ticks, service } = found;
  const at = uptimeMs();
  if (signalProcess({ pid, startTicks: ticks, bootId: readBootId() }, how))
    ledger.shoot({ service, run: `${pid}-${ticks}`, signal: how, at });
}

async function operate(all: Disturbed, random: Random): Promise<void> {
  for (;;) {
    await pause(200 + random.below(1200), all.signal);
    // Most commands while the node can be reached; without it they are only refused.
    if (random.below(4) > 0) await untilReachable(all);
    if (all.signal.aborted) return;
    operateOnce(all, random);
  }
}

async function untilReachable({ system: { client }, signal }: Disturbed): Promise<void> {
  while (!signal.aborted && !(await isNodeUp(client))) await pause(100, signal);
}

function operateOnce({ services, operator, system: { hasLimits } }: Disturbed, random: Random): void {
  const service = services[random.below(services.length)];
  const draw = random.below(12);
  if (service === undefined || operator.isBusy(service)) return;
  void operator.perform(service, choose(operator.wanted(service), draw, hasLimits));
}

function choose(wanted: 'running' | 'stopped', draw: number, hasLimits: boolean): ActionKind {
  if (draw >= 10) return hasLimits ? 'limit' : 'start';
  if (wanted === 'stopped') return draw < 7 ? 'start' : 'deploy';
  return draw < 4 ? 'restart' : draw < 7 ? 'stop' : draw < 9 ? 'deploy' : 'start';
}
