import { SgridError } from '../../common/protocol/errors.ts';

/** Tells of a command that has its event, with how it ended: the refusal of its request is none of its own. */
export class AuditedError extends SgridError {}
