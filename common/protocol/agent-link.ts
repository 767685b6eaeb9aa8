import * as z from 'zod';
import { configContentSchema, configFileNameSchema } from '../domain/config-file.ts';
import { agentEventSchema } from '../domain/event.ts';
import { nodeSnapshotSchema } from '../domain/figures.ts';
import { assignmentSchema, instanceStatusSchema, resolutionSchema } from '../domain/instance.ts';
import { isNodeSnapshot } from '../domain/is-node-snapshot.ts';
import { logFileSchema, logReadRequestSchema, logReadResultSchema } from '../domain/log.ts';
import { logRunSchema } from '../domain/log-runs.ts';
import { logSearchRequestSchema, logSearchResultSchema } from '../domain/log-search.ts';
import { idSchema, portSchema, serviceNameSchema, sha256Schema, timestampSchema } from '../domain/names.ts';
import { nodeInfoSchema } from '../domain/node.ts';
import { registryChangeSchema } from '../domain/registry.ts';
import { releaseRefSchema } from '../domain/release.ts';
import { defineLink, notice, request } from './define.ts';

const emptySchema = z.object({});

/** Every message between the master and an agent. */
export const agentLink = defineLink({
  namespace: '/agent',
  toMaster: {
    /** First message on every connection: what this node is and all that it has. The master then applies what differs. */
    'node.report': request({
      payload: z.object({
        at: timestampSchema,
        info: nodeInfoSchema,
        instances: z.array(instanceStatusSchema).max(100_000),
        /** `registryDigest` of the registry as the agent kept it: the same as the master's need not be sent. */
        registryDigest: sha256Schema.optional(),
      }),
      result: emptySchema,
      // A whole fleet may come at once, to a master that was just started.
      timeoutMs: 30_000,
    }),
    /** Instances whose status changed. Only the newest counts, so a lost one is repeated, not queued. */
    'instance.status': request({
      payload: z.object({ instances: z.array(instanceStatusSchema).max(100_000) }),
      result: emptySchema,
    }),
    /** Events in order, out of the agent's queue on disk. Answered once they are in the database. */
    'event.deliver': request({
      payload: z.object({ events: z.array(agentEventSchema).max(1000) }),
      result: emptySchema,
      timeoutMs: 10_000,
    }),
    /** The content of a file that an assignment names. Only of instances on this node, and only as long as it is the last. */
    'config.fetch': request({
      payload: z.object({ instanceId: idSchema, versionId: idSchema }),
      result: configContentSchema,
      timeoutMs: 10_000,
    }),
    /** Once a second, volatile. */
    'node.snapshot': notice({ payload: nodeSnapshotSchema, accepts: isNodeSnapshot }),
    /** While a package is being fetched, at most four a second. */
    'release.progress': notice({
      payload: z.object({ sha256: sha256Schema, receivedBytes: z.int().nonnegative() }),
    }),
  },
  toClient: {
    /** Whether the agent still answers. */
    'node.ping': request({ payload: emptySchema, result: emptySchema, timeoutMs: 2_000 }),
    /** The TCP ports that something on the node listens on, whoever that is. */
    'node.ports': request({
      payload: emptySchema,
      result: z.object({ ports: z.array(portSchema).max(65_536) }),
      timeoutMs: 2_000,
    }),
    /** Fetch, verify and unpack a release, if it is not there yet. Touches no instance. */
    'release.prepare': request({
      payload: z.object({ serviceName: serviceNameSchema, release: releaseRefSchema }),
      result: z.object({ alreadyThere: z.boolean() }),
      timeoutMs: 600_000,
    }),
    /**
     * Make an instance what the assignment says. Answered when that has settled: the program runs, or has ended, or
     * could not be started (an error then). The same or an older revision changes nothing.
     */
    'instance.apply': request({
      payload: z.object({ assignment: assignmentSchema }),
      result: z.object({ status: instanceStatusSchema }),
      timeoutMs: 30_000,
    }),
    /** What the agent holds of these instances, or of all: for a master that knows less than its nodes. */
    'assignment.list': request({
      payload: z.object({ instanceIds: z.array(idSchema).max(100_000).optional() }),
      result: z.object({ assignments: z.array(assignmentSchema).max(100_000) }),
      timeoutMs: 15_000,
    }),
    /**
     * The text of a file that an instance has, as it was published: for a master that has lost it. Refused for one with
     * secrets (`forbidden`), and where it is not what was published any more (`not_found`).
     */
    'config.read': request({
      payload: z.object({ instanceId: idSchema, name: configFileNameSchema }),
      result: z.object({ text: z.string() }),
      timeoutMs: 10_000,
    }),
    /** Stop an instance and forget it. Its logs stay. */
    'instance.remove': request({
      payload: z.object({ instanceId: idSchema }),
      result: emptySchema,
      timeoutMs: 30_000,
    }),
    /**
     * Ends the doubt about an instance in state `unknown`: `kill` ends all that can be found of it, `ended` is the word of a
     * person that nothing of it runs any more, refused while something is to be seen. Then it follows what is wanted.
     */
    'instance.resolve': request({
      payload: z.object({
        instanceId: idSchema,
        /** What is wanted of it by now: whatever was asked for meanwhile was refused for the doubt. */
        assignment: assignmentSchema,
        how: resolutionSchema,
        /** Who asked, for the node's event. */
        actor: z.string().max(128),
      }),
      result: z.object({ status: instanceStatusSchema }),
      timeoutMs: 60_000,
    }),
    'log.read': request({ payload: logReadRequestSchema, result: logReadResultSchema, timeoutMs: 10_000 }),
    'log.search': request({
      payload: logSearchRequestSchema,
      result: logSearchResultSchema,
      timeoutMs: 10_000,
    }),
    'log.runs': request({
      payload: z.object({ instanceId: idSchema }),
      result: z.object({ runs: z.array(logRunSchema) }),
    }),
    'log.files': request({
      payload: z.object({ instanceId: idSchema }),
      result: z.object({ files: z.array(logFileSchema) }),
    }),
    /** What changed in the registry of all nodes, at most four a second; the first one follows the report. */
    'registry.changed': notice({ payload: registryChangeSchema }),
  },
});

export type AgentToMaster = typeof agentLink.toMaster;
export type MasterToAgent = typeof agentLink.toClient;
