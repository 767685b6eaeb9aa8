import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** The shims' group, beside those of the instances. */
export const SHIMS_KEY = 'sgrid-shims';

/**
 * A key becomes a directory beside the kernel's own files: without a dot it can be none of them (`cgroup.procs`).
 *
 * @throws SgridError `bad_request`
 */
export function checkKey(key: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(key) && key !== SHIMS_KEY) return key;
  throw new SgridError('bad_request', said`"${key}" cannot name a group`, {
    hint: said`use 1 to 128 letters, digits, "-" or "_", not starting with "-" or "_", and not ${SHIMS_KEY}`,
  });
}
