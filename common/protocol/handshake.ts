import { z } from 'zod';
import { idSchema } from '../domain/names.ts';

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
   * Made once and kept in the agent's state directory. A second machine that claims a connected node's id has
   * another one and is refused (`identity_taken`); a reconnecting agent has the same and replaces its dead link.
   */
  agentId: z.uuid(),
  alias: z.string().max(128),
  innerAddress: z.string().max(255),
});
export type AgentHello = z.infer<typeof agentHelloSchema>;
