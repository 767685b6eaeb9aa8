/** One running instance of a service. */
export interface ServiceInstance {
  readonly instanceId: number;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

/** What is known of a service at a moment. */
export interface ServiceState {
  readonly instances: readonly ServiceInstance[];
  /** The node that this program runs on, to prefer its instances; null when that is not known. */
  readonly nodeId: number | null;
}

/** `host:port` as URLs and gRPC targets have it, with an IPv6 address in brackets (RFC 3986 3.2.2). */
export function addressOf({ host, port }: Pick<ServiceInstance, 'host' | 'port'>): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether both hold the same instances in the same order. */
export function isSameList(one: readonly ServiceInstance[], other: readonly ServiceInstance[]): boolean {
  return one.length === other.length && one.every((instance, at) => keyOf(instance) === keyOf(other[at]));
}

/** Tells a run of an instance from all others: one that was started anew has a clean slate. */
export function keyOf(instance: ServiceInstance | undefined): string {
  if (instance === undefined) return '';
  const { instanceId, nodeId, host, port, pid } = instance;
  return `${instanceId} ${nodeId} ${host} ${port} ${pid}`;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads an answer of `GET /v1/services/:name`; null when it is none (another program has the port now). */
export function readAnswer(text: string, name: string): ServiceState | null {
  const answer = parseObject(text);
  const list = answer?.instances;
  if (answer === null || answer.name !== name || !Array.isArray(list)) return null;
  const instances = list.map((item) => readInstance(item, 'instanceId', 'nodeId'));
  if (!isComplete(instances)) return null;
  return { instances, nodeId: asNumber(answer.nodeId) };
}

/** Reads a service's instances out of the text of `stat.json` or `stat-remote.json`; null when it is neither. */
export function readStatFile(text: string, name: string): ServiceInstance[] | null {
  const file = parseObject(text);
  // The platform that came before left an empty list out.
  const list = typeof file?.update_time === 'string' ? (file.stat_list ?? []) : file?.stat_list;
  if (!Array.isArray(list)) return null;
  const own = list.filter((item) => isObject(item) && item.server_name === name);
  const instances = own.map((item) => readInstance(item, 'node_id', 'machine_id'));
  return isComplete(instances) ? instances : null;
}

/** The node whose `stat.json` this is the text of; null when nothing runs on it, or it is none. */
export function readOwnNode(text: string): number | null {
  const list = parseObject(text)?.stat_list;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return isObject(first) ? asNumber(first.machine_id) : null;
}

function readInstance(item: unknown, idKey: string, nodeKey: string): ServiceInstance | null {
  if (!isObject(item)) return null;
  const [instanceId, nodeId, port, pid] = [item[idKey], item[nodeKey], item.port, item.pid].map(asNumber);
  const { host } = item;
  if (instanceId == null || nodeId == null || port == null || pid == null || typeof host !== 'string')
    return null;
  return { instanceId, nodeId, host, port, pid };
}

function isComplete(instances: (ServiceInstance | null)[]): instances is ServiceInstance[] {
  return !instances.includes(null);
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function asNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) ? value : null;
}
