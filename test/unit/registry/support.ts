import type { RegistryEntry } from '../../../common/domain/registry.ts';

export function entryOf(instanceId: number, change: Partial<RegistryEntry> = {}): RegistryEntry {
  return {
    instanceId,
    serviceId: 3,
    serviceName: 'web',
    nodeId: 1,
    host: '10.0.0.1',
    port: 8000 + instanceId,
    pid: 100 + instanceId,
    ...change,
  };
}

/** A logger that keeps what it was told. */
export function createLines() {
  const lines: { level: string; message: string; fields: object }[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, message, fields });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
