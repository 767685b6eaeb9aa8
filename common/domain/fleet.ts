import * as z from 'zod';
import { nodeFiguresSchema, packedFiguresSchema } from './figures.ts';
import { instanceViewSchema } from './instance.ts';
import { idSchema, timestampSchema } from './names.ts';
import { nodeViewSchema } from './node.ts';

/** Which part of the fleet a cockpit wants figures of. Nodes and instances themselves always come whole. */
export const fleetScopeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('node'), nodeId: idSchema }),
]);
export type FleetScope = z.infer<typeof fleetScopeSchema>;

export const nodeSampleSchema = z.object({
  nodeId: idSchema,
  /** How old this sample was when the frame was made, in milliseconds. */
  ageMs: z.int().nonnegative(),
  node: nodeFiguresSchema,
  instances: packedFiguresSchema,
});
export type NodeSample = z.infer<typeof nodeSampleSchema>;

/** Everything, as `fleet.watch` answers: the state that later frames change. */
export const fleetSnapshotSchema = z.object({
  /** Master's clock. */
  at: timestampSchema,
  nodes: z.array(nodeViewSchema),
  instances: z.array(instanceViewSchema),
  samples: z.array(nodeSampleSchema),
});
export type FleetSnapshot = z.infer<typeof fleetSnapshotSchema>;

/** At most one a second: what changed since the frame before. Absent lists mean no change. */
export const fleetFrameSchema = z.object({
  at: timestampSchema,
  nodes: z.array(nodeViewSchema).optional(),
  instances: z.array(instanceViewSchema).optional(),
  removedInstanceIds: z.array(idSchema).optional(),
  removedNodeIds: z.array(idSchema).optional(),
  samples: z.array(nodeSampleSchema).optional(),
});
export type FleetFrame = z.infer<typeof fleetFrameSchema>;
