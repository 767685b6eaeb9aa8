import type { ServiceSpec } from './service.ts';

/** The name of the container that an instance is, or null for one that is none: `dockerName` with its number for `{id}`. */
export function containerNameOf(
  { dockerName }: Pick<ServiceSpec, 'dockerName'>,
  instanceId: number,
): string | null {
  return dockerName?.replaceAll('{id}', String(instanceId)) ?? null;
}
