import { isDeepStrictEqual } from 'node:util';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { NodeView } from '../../../common/domain/node.ts';
import { english } from '../../../common/domain/said.ts';
import {
  describeLimits,
  type Limits,
  type Service,
  type ServiceSpec,
  serviceSpecSchema,
  specProblems,
} from '../../../common/domain/service.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { instanceWords } from '../../format/fleet-words.ts';
import { UsageError } from '../exit-code.ts';
import { resolveNode } from '../instance-name.ts';
import type { ApplyDocument } from './document.ts';

/** One step that brings what is there to what a file says; `text` says it to people, as a line of a diff. */
export type ApplyStep = { readonly text: string } & (
  | { readonly type: 'create-service'; readonly spec: ServiceSpec }
  | { readonly type: 'update-service'; readonly spec: ServiceSpec }
  | {
      readonly type: 'create-instance';
      readonly serviceName: string;
      readonly nodeId: number;
      readonly port: number;
      readonly host: string | undefined;
      readonly limits: Limits;
    }
  | { readonly type: 'limit'; readonly instanceId: number; readonly limits: Limits }
  | { readonly type: 'remove'; readonly instanceId: number }
);

export interface Known {
  readonly services: readonly Service[];
  readonly instances: readonly InstanceView[];
  readonly nodes: readonly NodeView[];
}

export interface ApplyPlan {
  readonly steps: readonly ApplyStep[];
  /** One for each instance that is there and that its document, which lists instances, does not name. */
  readonly removals: readonly (ApplyStep & { readonly type: 'remove'; readonly words: string })[];
}

/**
 * What leads to what the documents say, in an order that can be carried out; empty when all is so already. Services and
 * instances that no document names are left alone, but for the instances of a service that lists its own: these can be removed,
 * behind everything else.
 *
 * @throws SgridError `not_found` for a node; `conflict` for what cannot be changed
 */
export function planApply(documents: readonly ApplyDocument[], known: Known): ApplyPlan {
  const plans = documents.map((document) => planDocument(document, known));
  demandOnePortEach(
    plans.flatMap(({ instances }) => instances),
    known,
  );
  return {
    steps: [
      ...inOrderOfNeed(plans.flatMap(({ service }) => service)),
      ...plans.flatMap(({ instances }) => instances),
    ],
    removals: plans.flatMap(({ removals }) => removals),
  };
}

/** The master would refuse the second, but only when the first is there. */
function demandOnePortEach(steps: readonly ApplyStep[], { nodes, instances }: Known): void {
  const holders = new Map(instances.map((each) => [`${each.nodeId}:${each.port}`, each.serviceName]));
  for (const step of steps) {
    if (step.type !== 'create-instance') continue;
    const { serviceName, nodeId, port } = step;
    const holder = holders.get(`${nodeId}:${port}`);
    if (holder !== undefined) {
      const node = nodes.find((each) => each.nodeId === nodeId);
      throw new UsageError(
        `port ${port} on node ${node?.alias || nodeId} would be that of ${holder} and of ${serviceName}`,
        'give one of the two another port',
      );
    }
    holders.set(`${nodeId}:${port}`, serviceName);
  }
}

/** As they stand in the file, but each behind the new ones that it waits for: what is not there cannot be waited for. */
function inOrderOfNeed(steps: readonly ApplyStep[]): ApplyStep[] {
  const created = new Map<string, ApplyStep>();
  for (const step of steps) if (step.type === 'create-service') created.set(step.spec.name, step);
  const ordered = new Set<ApplyStep>();
  const visit = (step: ApplyStep, above: ReadonlySet<ApplyStep>): void => {
    // Those that wait for one another in a circle are refused by the master, whichever comes first.
    if (ordered.has(step) || above.has(step)) return;
    const needed =
      step.type === 'create-service' || step.type === 'update-service' ? step.spec.dependsOn : [];
    for (const name of needed) {
      const other = created.get(name);
      if (other !== undefined) visit(other, new Set([...above, step]));
    }
    ordered.add(step);
  };
  for (const step of steps) visit(step, new Set());
  return [...ordered];
}

function planDocument(document: ApplyDocument, known: Known) {
  return { service: planService(document, known), ...planInstances(document, known) };
}

function planService({ service: name, spec: given }: ApplyDocument, { services }: Known): ApplyStep[] {
  const before = services.find((each) => each.name === name);
  if (before === undefined) {
    if (given.type === undefined) throw new UsageError(`service ${name} is new, and its spec has no type`);
    const spec = sound(serviceSpecSchema.parse({ ...given, name }));
    return [{ type: 'create-service', spec, text: `+ service ${name} (${spec.type})` }];
  }
  const old = serviceSpecSchema.parse(before);
  const spec = sound(serviceSpecSchema.parse({ ...old, ...merged(old, given), name }));
  const lines = differences(old, spec);
  if (lines.length === 0) return [];
  return [{ type: 'update-service', spec, text: [`~ service ${name}`, ...lines].join('\n') }];
}

/** The master would refuse it too, but only behind all that stands before it in the file. */
function sound(spec: ServiceSpec): ServiceSpec {
  const [problem] = specProblems(spec);
  if (problem !== undefined) throw new UsageError(`service ${spec.name}: ${english(problem)}`);
  return spec;
}

/** Of a field that has fields of its own, what is not named stays too; of those that differ by kind, nothing does. */
function merged(old: ServiceSpec, given: Record<string, unknown>): Record<string, unknown> {
  const isParted = (key: string): key is 'restart' | 'log' => key === 'restart' || key === 'log';
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      isParted(key) ? { ...old[key], ...Object(value) } : value,
    ]),
  );
}

function differences(old: ServiceSpec, next: ServiceSpec): string[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])] as (keyof ServiceSpec)[];
  return keys
    .filter((key) => !isDeepStrictEqual(old[key], next[key]))
    .flatMap((key) => {
      // Values of the environment may be secret: their names say enough.
      if (key === 'env') return [`    env: ${changedNames(old.env, next.env).join(', ')}`];
      return [
        ...(old[key] === undefined ? [] : [`  - ${key}: ${JSON.stringify(old[key])}`]),
        ...(next[key] === undefined ? [] : [`  + ${key}: ${JSON.stringify(next[key])}`]),
      ];
    });
}

function changedNames(old: Record<string, string>, next: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  return names
    .filter((name) => old[name] !== next[name])
    .map((name) => `${old[name] === undefined ? '+' : next[name] === undefined ? '-' : '~'}${name}`);
}

function planInstances(
  { service: serviceName, limits: common, instances }: ApplyDocument,
  known: Known,
): { instances: ApplyStep[]; removals: ApplyPlan['removals'] } {
  const own = known.instances.filter((each) => each.serviceName === serviceName);
  const nodes = new Map(known.nodes.map((each) => [each.nodeId, each]));
  const steps: ApplyStep[] = [];
  const named = new Set<string>();
  for (const { node, port, host, limits = common } of instances ?? []) {
    const { nodeId } = resolveNode(node, known.nodes);
    const words = instanceWords({ serviceName, nodeId, port }, nodes);
    if (named.has(`${nodeId}:${port}`)) throw new UsageError(`${words} is named twice`);
    named.add(`${nodeId}:${port}`);
    const before = own.find((each) => each.nodeId === nodeId && each.port === port);
    if (before === undefined) {
      const text = `+ instance ${words}${limits === undefined ? '' : `, limits: ${describeLimits(limits)}`}`;
      steps.push({ type: 'create-instance', serviceName, nodeId, port, host, limits: limits ?? {}, text });
      continue;
    }
    if (host !== undefined && host !== before.host)
      throw new SgridError('conflict', `${words} binds ${before.host}, and cannot move to ${host}`, {
        hint: 'remove it, then make it anew',
      });
    if (limits === undefined || describeLimits(limits) === describeLimits(before.limits)) continue;
    const { instanceId } = before;
    const text = `~ instance ${words}\n  - limits: ${describeLimits(before.limits)}\n  + limits: ${describeLimits(limits)}`;
    steps.push({ type: 'limit', instanceId, limits, text });
  }
  const removals = (instances === undefined ? [] : own)
    .filter(({ nodeId, port }) => !named.has(`${nodeId}:${port}`))
    .map(({ instanceId, nodeId, port }) => {
      const words = `instance ${instanceWords({ serviceName, nodeId, port }, nodes)} (${instanceId})`;
      return { type: 'remove' as const, instanceId, words, text: `- ${words}` };
    });
  return { instances: steps, removals };
}
