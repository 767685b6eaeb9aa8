import { said, saidAll } from '../../common/domain/said.ts';
import {
  dependencyCycle,
  launchSpecOf,
  type ServiceSpec,
  type ServiceUpdateEffect,
  specProblems,
} from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { InstanceRecord } from '../store/instance-record.ts';

/**
 * Checks a specification by itself and beside those of the other services.
 *
 * @throws SgridError `bad_request` for what contradicts itself, `conflict` for services that would wait for one another.
 */
export function demandSoundSpec(spec: ServiceSpec, others: readonly ServiceSpec[]): void {
  const problems = specProblems(spec);
  if (problems.length > 0)
    throw new SgridError('bad_request', said`service ${spec.name}: ${saidAll(problems)}`);
  const cycle = dependencyCycle([...others.filter(({ name }) => name !== spec.name), spec], spec.name);
  if (cycle === null) return;
  throw new SgridError('conflict', said`dependsOn would close a circle: ${cycle.join(' → ')}`, {
    hint: said`none of them could ever be started; leave one of these dependencies out`,
  });
}

/**
 * A service that waits for one that is not there would not wait at all. One that was there when it was named may have gone
 * since.
 *
 * @throws SgridError `not_found` naming what is not there
 */
export function demandKnownDependencies(
  spec: ServiceSpec,
  before: ServiceSpec | null,
  others: readonly ServiceSpec[],
): void {
  const known = new Set([...others.map(({ name }) => name), ...(before?.dependsOn ?? []), spec.name]);
  const unknown = spec.dependsOn.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const list = unknown.map((name) => `"${name}"`).join(', ');
  throw new SgridError('not_found', said`dependsOn: there is no service ${list}`, {
    hint: said`create it first, or see "sgrid get services" for how it is written`,
  });
}

/** Names of the fields that differ. Their values stay unsaid: they may be secret. */
export function changedFields(before: ServiceSpec, after: ServiceSpec): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ServiceSpec>;
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** What a specification in the place of the one it has does to an instance. */
export function effectOf(record: InstanceRecord, next: ServiceSpec): ServiceUpdateEffect {
  const { desired, release, spec } = record;
  if (desired !== 'running' || release === null) return 'live';
  return JSON.stringify(launchSpecOf(spec)) === JSON.stringify(launchSpecOf(next)) ? 'live' : 'restart';
}
