import { Gauge, type Registry } from 'prom-client';
import { unpackFigures } from '../../common/domain/figures.ts';
import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import { isDiscoverable } from '../../common/domain/registry.ts';

type Labels = Readonly<Record<string, string>>;
const NODE = ['node', 'alias'] as const;
const INSTANCE = ['instance', 'service', 'group', 'node'] as const;

/**
 * The fleet as Prometheus reads it: base units (seconds, bytes, cores, ratios), names after its conventions for naming. Filled
 * anew for each scrape, so that what is gone leaves no series behind.
 */
export function registerFleetMetrics(register: Registry): (snapshot: FleetSnapshot) => void {
  const gauge = (name: string, help: string, labelNames: readonly string[]): Gauge<string> =>
    new Gauge({ name: `sgrid_${name}`, help, labelNames: [...labelNames], registers: [register] });

  const nodes = gauge('nodes', 'Nodes by the state of their link.', ['link']);
  const nodeUp = gauge('node_up', '1 while the agent of the node is connected.', NODE);
  const nodeAge = gauge('node_sample_age_seconds', 'Age of the last figures of the node.', NODE);
  const nodeCpu = gauge('node_cpu_cores', 'Cores in use on the node.', NODE);
  const nodeMemory = gauge('node_memory_used_bytes', 'Memory in use: MemTotal - MemAvailable.', NODE);
  const nodeMemoryTotal = gauge('node_memory_total_bytes', 'Memory of the node.', NODE);
  const nodeSwap = gauge('node_swap_used_bytes', 'Swap in use.', NODE);
  const nodeLoad = gauge('node_load1', 'Load average over one minute.', NODE);
  const disk = [...NODE, 'mountpoint'];
  const diskUsed = gauge('node_disk_used_bytes', 'Used on file systems that hold data of the agent.', disk);
  const diskTotal = gauge('node_disk_total_bytes', 'Size of file systems that hold data of the agent.', disk);
  const received = gauge('node_network_receive_bytes_per_second', 'Received, without loopback.', NODE);
  const sent = gauge('node_network_transmit_bytes_per_second', 'Sent, without loopback.', NODE);
  const agentCpu = gauge('agent_cpu_cores', 'Cores that the agent itself uses.', NODE);
  const agentMemory = gauge('agent_memory_bytes', 'Resident memory of the agent itself.', NODE);
  const pressure = gauge('node_pressure_ratio', 'Share of 10 s in which some task waited (PSI).', [
    ...NODE,
    'resource',
  ]);

  const instances = gauge('instances', 'Instances by observed state.', ['service', 'state']);
  const up = gauge(
    'instance_up',
    '1 while callers are sent to it: it runs, and its health check says nothing else.',
    INSTANCE,
  );
  const healthy = gauge(
    'instance_healthy',
    '1 healthy, 0 unhealthy; absent where nothing is checked.',
    INSTANCE,
  );
  const cpu = gauge('instance_cpu_cores', 'Cores in use.', INSTANCE);
  const memory = gauge('instance_memory_bytes', 'Memory of its cgroup.', INSTANCE);
  const memoryLimit = gauge(
    'instance_memory_limit_bytes',
    'Hard memory limit; absent without one.',
    INSTANCE,
  );
  const pids = gauge('instance_pids', 'Processes and threads.', INSTANCE);
  const throttled = gauge(
    'instance_throttled_ratio',
    'Share of CPU periods in which it was throttled.',
    INSTANCE,
  );
  const ooms = gauge('instance_oom_kills', 'OOM kills in its cgroup since this run began.', INSTANCE);
  const restarts = gauge(
    'instance_restarts',
    'Starts by policy since an operator last started it.',
    INSTANCE,
  );
  const startedAt = gauge('instance_start_time_seconds', 'Start of the program, Unix time.', INSTANCE);

  return ({ nodes: nodeViews, instances: instanceViews, samples }) => {
    register.resetMetrics();
    const nodeLabels = new Map<number, Labels>();
    for (const { nodeId, alias, link } of nodeViews) {
      const labels = { node: String(nodeId), alias };
      nodeLabels.set(nodeId, labels);
      nodes.inc({ link });
      nodeUp.set(labels, link === 'up' ? 1 : 0);
    }
    const instanceLabels = new Map<number, Labels>();
    for (const { instanceId, serviceName, group, nodeId, limits, status } of instanceViews) {
      const labels = {
        instance: String(instanceId),
        service: serviceName,
        group,
        node: String(nodeId),
      };
      instanceLabels.set(instanceId, labels);
      instances.inc({ service: serviceName, state: status?.state ?? 'unreported' });
      up.set(labels, isDiscoverable(status) ? 1 : 0);
      if (limits.memoryMiB !== undefined) memoryLimit.set(labels, limits.memoryMiB * 1024 ** 2);
      if (status === null) continue;
      restarts.set(labels, status.restarts);
      if (status.startedAt !== null) startedAt.set(labels, status.startedAt / 1000);
      const { state } = status.health;
      if (state === 'healthy' || state === 'unhealthy') healthy.set(labels, state === 'healthy' ? 1 : 0);
    }
    for (const { nodeId, ageMs, node, instances: packed } of samples) {
      const labels = nodeLabels.get(nodeId);
      if (labels === undefined) continue;
      nodeAge.set(labels, ageMs / 1000);
      nodeCpu.set(labels, node.cpuMillicores / 1000);
      nodeMemory.set(labels, node.memoryUsedBytes);
      nodeMemoryTotal.set(labels, node.memoryTotalBytes);
      nodeSwap.set(labels, node.swapUsedBytes);
      nodeLoad.set(labels, node.load[0]);
      for (const { mountPoint, usedBytes, totalBytes } of node.disks) {
        diskUsed.set({ ...labels, mountpoint: mountPoint }, usedBytes);
        diskTotal.set({ ...labels, mountpoint: mountPoint }, totalBytes);
      }
      received.set(labels, node.networkReceivedPerSecond);
      sent.set(labels, node.networkSentPerSecond);
      agentCpu.set(labels, node.agentCpuMillicores / 1000);
      agentMemory.set(labels, node.agentMemoryBytes);
      for (const [resource, permille] of Object.entries(node.pressure)) {
        if (permille !== null) pressure.set({ ...labels, resource }, permille / 1000);
      }
      for (const figures of unpackFigures(packed)) {
        const own = instanceLabels.get(figures.instanceId);
        if (own === undefined) continue;
        cpu.set(own, figures.cpuMillicores / 1000);
        memory.set(own, figures.memoryBytes);
        pids.set(own, figures.pids);
        throttled.set(own, figures.throttledPermille / 1000);
        ooms.set(own, figures.oomKills);
      }
    }
  };
}
