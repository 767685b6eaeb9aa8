import { SgridError } from '../../../common/protocol/errors.ts';
import { type Listing, pick } from '../output.ts';
import type { Kind } from './kinds.ts';

/**
 * The things that are named, in the order of the list; all when none is. Each by its id or name, as `-o name` prints it, with
 * its kind in front or not; an instance also as `service@node:port` or a part of that, a release also by its service.
 *
 * @throws SgridError `not_found` naming what is not there
 */
export function selectNamed(listing: Listing, kind: Kind, names: readonly string[]): Listing {
  if (names.length === 0) return listing;
  const places = new Set<number>();
  for (const name of names) {
    const found = listing.names.flatMap((own, at) =>
      answersTo(own, listing.objects[at] ?? {}, name) ? [at] : [],
    );
    if (found.length === 0)
      throw new SgridError('not_found', `there is no "${name}" among the ${kind}`, {
        hint: `see "sgrid get ${kind}"`,
      });
    for (const place of found) places.add(place);
  }
  return pick(
    listing,
    [...places].sort((one, other) => one - other),
  );
}

function answersTo(own: string, object: Record<string, unknown>, name: string): boolean {
  const bare = own.slice(own.indexOf('/') + 1);
  if (name === own || name === bare || bare.startsWith(`${name}/`)) return true;
  if (name === object.alias) return true;
  const { serviceName, nodeAlias, nodeId, port } = object;
  if (!own.startsWith('instance/')) return false;
  const parts = /^([^@:]+)(?:@([^:]+))?(?::(\d+))?$/.exec(name);
  if (parts === null) return false;
  const [, service, node, wantedPort] = parts;
  return (
    service === serviceName &&
    (node === undefined || node === nodeAlias || node === String(nodeId)) &&
    (wantedPort === undefined || Number(wantedPort) === port)
  );
}
