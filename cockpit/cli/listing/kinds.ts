import { UsageError } from '../exit-code.ts';

/** What `sgrid get` can list. */
export const KINDS = [
  'nodes',
  'services',
  'instances',
  'releases',
  'rollouts',
  'configs',
  'events',
  'registry',
  'tokens',
] as const;
export type Kind = (typeof KINDS)[number];

/** Short forms, as kubectl has them. */
const ALIASES: Readonly<Record<string, Kind>> = {
  node: 'nodes',
  no: 'nodes',
  service: 'services',
  svc: 'services',
  instance: 'instances',
  inst: 'instances',
  release: 'releases',
  rel: 'releases',
  rollout: 'rollouts',
  ro: 'rollouts',
  config: 'configs',
  cfg: 'configs',
  event: 'events',
  ev: 'events',
  reg: 'registry',
  token: 'tokens',
};

/** @param offered those that the command can do something with, for the hint. @throws UsageError */
export function kindOf(name: string, offered: readonly Kind[] = KINDS): Kind {
  const kind = ALIASES[name] ?? KINDS.find((candidate) => candidate === name);
  if (kind !== undefined) return kind;
  throw new UsageError(`there is no kind "${name}"`, `choose one of ${offered.join(', ')}`);
}
