import * as z from 'zod';
import { type RegistryEntry, registryEntrySchema } from '../../common/domain/registry.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** Some files of the platform that came before call these otherwise: its node is an instance, its server a service. */
const statSchema = z.object({
  update_time: z.string(),
  stat_list: z.array(
    z
      .object({
        node_id: registryEntrySchema.shape.instanceId,
        server_name: registryEntrySchema.shape.serviceName,
        pid: registryEntrySchema.shape.pid,
        host: registryEntrySchema.shape.host,
        port: registryEntrySchema.shape.port,
        machine_id: registryEntrySchema.shape.nodeId,
        server_id: registryEntrySchema.shape.serviceId,
        docker_name: registryEntrySchema.shape.dockerName,
      })
      .transform(
        ({ node_id, server_name, machine_id, server_id, docker_name, ...same }): RegistryEntry => ({
          instanceId: node_id,
          serviceName: server_name,
          nodeId: machine_id,
          serviceId: server_id,
          ...same,
          ...(docker_name !== undefined && { dockerName: docker_name }),
        }),
      ),
  ),
});

/**
 * The list as `stat.json` and `stat-remote.json` have it: compact JSON, keys in the order in which existing Go services
 * write them, `docker_name` only where there is one.
 */
export function formatStatList(entries: readonly RegistryEntry[]): string {
  return JSON.stringify(
    entries.map((entry) => ({
      node_id: entry.instanceId,
      server_name: entry.serviceName,
      pid: entry.pid,
      host: entry.host,
      port: entry.port,
      machine_id: entry.nodeId,
      server_id: entry.serviceId,
      ...(entry.dockerName !== undefined && { docker_name: entry.dockerName }),
    })),
  );
}

/** The whole file: no white space and no newline at its end. @param list out of `formatStatList` */
export function formatStat(list: string, at: number): string {
  return `{"update_time":"${formatLocalTime(at)}","stat_list":${list}}`;
}

/** `YYYY-MM-DD HH:mm:ss` in the local time of this process (`TZ`), as existing readers expect it: without a zone. */
export function formatLocalTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** @throws SgridError `bad_request` saying what does not fit. */
export function parseStat(text: string): RegistryEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SgridError('bad_request', 'not JSON', { cause });
  }
  const parsed = statSchema.safeParse(value);
  if (!parsed.success) throw new SgridError('bad_request', describeIssue(parsed.error));
  return parsed.data.stat_list;
}
