import * as z from 'zod';
import { idSchema, lineSchema } from '../domain/names.ts';

/** What a client puts in Socket.IO's `auth`, on both namespaces. */
const helloSchema = z.object({
  token: z.string().max(256),
  protocolVersion: z.int(),
  /** Product version, for people. */
  version: z.string().max(64),
});

export const cockpitHelloSchema = helloSchema;
export type CockpitHello = z.infer<typeof cockpitHelloSchema>;

export const agentHelloSchema = helloSchema.extend({
  nodeId: idSchema,
  /**
   * Made once and kept in the agent's state directory. The master keeps it with the node: another agent that claims the
   * node's id is refused (`identity_taken`) until the node was given up with `node.replace`.
   */
  agentId: z.uuid(),
  /**
   * Tells a machine from a copy of its disk: a hash of machine-id(5), as that page asks for, since the id itself is
   * confidential. Empty where there is none that outlives a boot.
   */
  machineId: z.string().regex(/^(?:[0-9a-f]{64})?$/, 'must be a sha256 in hex, or empty'),
  /**
   * Of this process. The same run that connects again replaces its dead link at once; another run of the same agent only
   * when the one that is connected does not answer, so that copies of one state directory cannot take turns.
   */
  runId: z.uuid(),
  alias: lineSchema(128),
  innerAddress: lineSchema(255),
});
export type AgentHello = z.infer<typeof agentHelloSchema>;
