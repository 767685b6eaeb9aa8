import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { UsageError } from './exit-code.ts';

export const INSTANCE_NAME_HELP =
  'An instance is named by its id (3), or as service@node:port, of which node and port may be left out where the rest is ' +
  'unique: web, web@alpha, web@1:8080. A node is its alias or its id. service/web means all instances of it, node/alpha all ' +
  'on it, instance/3 is as good as 3.';

interface Known {
  instances: readonly InstanceView[];
  nodes: readonly NodeView[];
}

/** The instances that `names` mean, each once, in the order given. @throws SgridError naming what fits nothing or several. */
export function resolveInstances(names: readonly string[], known: Known): InstanceView[] {
  const found = new Map<number, InstanceView>();
  for (const name of names) {
    for (const instance of resolveSeveral(name, known)) found.set(instance.instanceId, instance);
  }
  return [...found.values()];
}

function resolveSeveral(name: string, known: Known): InstanceView[] {
  const [, kind, of = ''] = /^(service|node)\/(.+)$/.exec(name) ?? [];
  if (kind === undefined) return [resolveInstance(name, known)];
  const nodeId = kind === 'node' ? resolveNode(of, known.nodes).nodeId : null;
  const members = known.instances.filter((instance) =>
    nodeId === null ? instance.serviceName === of : instance.nodeId === nodeId,
  );
  if (members.length > 0) return members;
  throw new SgridError('not_found', `${kind} "${of}" has no instances`, {
    hint: 'see "sgrid get instances"',
  });
}

export function resolveInstance(name: string, { instances, nodes }: Known): InstanceView {
  const byId = /^(?:#|instance\/)?(\d+)$/.exec(name)?.[1];
  const matches = byId === undefined ? byName(name, instances, nodes) : instances.filter(hasId(Number(byId)));
  const [first] = matches;
  const nodesById = new Map(nodes.map((node) => [node.nodeId, node]));
  if (first === undefined) {
    throw new SgridError('not_found', `there is no instance "${name}"`, {
      hint: 'see "sgrid get instances"',
    });
  }
  if (matches.length === 1) return first;
  const list = matches.map((match) => `${match.instanceId} (${instanceWords(match, nodesById)})`).join(', ');
  throw new UsageError(
    `"${name}" means ${matches.length} instances: ${list}`,
    'say which, by id or with its port; where several can be named, service/NAME or node/NAME means all of it',
  );
}

function byName(
  name: string,
  instances: readonly InstanceView[],
  nodes: readonly NodeView[],
): InstanceView[] {
  // An alias may hold a colon; the port is what is behind the last one.
  const parts = /^([^@:]+)(?:@(.+?))?(?::(\d+))?$/.exec(name);
  if (parts === null) throw new UsageError(`"${name}" is not the name of an instance`, INSTANCE_NAME_HELP);
  const [, service, node, port] = parts;
  const nodeId = node === undefined ? undefined : resolveNode(node, nodes).nodeId;
  return instances.filter(
    (instance) =>
      instance.serviceName === service &&
      (nodeId === undefined || instance.nodeId === nodeId) &&
      (port === undefined || instance.port === Number(port)),
  );
}

const hasId = (id: number) => (instance: InstanceView) => instance.instanceId === id;

/** A node by alias, else by id. */
export function resolveNode(name: string, nodes: readonly NodeView[]): NodeView {
  const bare = name.replace(/^node\//, '');
  const named = nodes.filter((node) => node.alias === bare);
  const [first] = named.length > 0 ? named : nodes.filter((node) => String(node.nodeId) === bare);
  if (named.length > 1) {
    const ids = named.map((node) => node.nodeId).join(', ');
    throw new UsageError(
      `"${name}" is the alias of ${named.length} nodes: ${ids}`,
      'name the node by its id',
    );
  }
  if (first !== undefined) return first;
  throw new SgridError('not_found', `there is no node "${name}"`, { hint: 'see "sgrid get nodes"' });
}
