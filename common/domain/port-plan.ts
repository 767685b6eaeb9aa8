import * as z from 'zod';
import { portSchema } from './names.ts';

/** The ports that instances of a service get, both ends included: one port where both are the same. */
export const portPlanSchema = z.object({ from: portSchema, to: portSchema });
export type PortPlan = z.infer<typeof portPlanSchema>;

/** "8080-8099", "8080" */
export function describePorts({ from, to }: PortPlan): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

export function isInPlan({ from, to }: PortPlan, port: number): boolean {
  return port >= from && port <= to;
}

export function plansOverlap(one: PortPlan, other: PortPlan): boolean {
  return one.from <= other.to && other.from <= one.to;
}

/**
 * The port of a new instance on a node: the wanted one where it will do; else the least free one of the plan. A service
 * without a plan gets the least port that it has and that is free there, else the next free one above its greatest.
 *
 * @param own ports that the service has anywhere
 * @param isTaken whether a port cannot be had on that node
 * @returns null when there is none
 */
export function choosePort(options: {
  plan: PortPlan | undefined;
  own: readonly number[];
  isTaken: (port: number) => boolean;
  wanted?: number | undefined;
}): number | null {
  const { plan, own, isTaken, wanted } = options;
  const fits = (port: number): boolean => !isTaken(port) && (plan === undefined || isInPlan(plan, port));
  if (wanted !== undefined && fits(wanted)) return wanted;
  if (plan !== undefined) return firstFree(plan.from, plan.to, isTaken);
  const known = [...new Set(own)].sort((one, other) => one - other);
  const greatest = known.at(-1);
  if (greatest === undefined) return null;
  return known.find(fits) ?? firstFree(greatest + 1, 65_535, isTaken);
}

function firstFree(from: number, to: number, isTaken: (port: number) => boolean): number | null {
  for (let port = from; port <= to; port += 1) if (!isTaken(port)) return port;
  return null;
}
