import * as z from 'zod';
import { fleetFrameSchema, fleetScopeSchema, fleetSnapshotSchema } from '../../domain/fleet.ts';
import { notice, request } from '../define.ts';
import { packedSamplesSchema } from '../packed-samples.ts';

/** With their samples as bytes; see packed-samples.ts. */
const wireSnapshotSchema = fleetSnapshotSchema.extend({ samples: packedSamplesSchema });
const wireFrameSchema = fleetFrameSchema.extend({ samples: packedSamplesSchema.optional() });

export const fleetRequests = {
  /** Begin, or change the scope of, the stream of `fleet.frame`. */
  'fleet.watch': request({
    payload: z.object({ scope: fleetScopeSchema }),
    result: wireSnapshotSchema,
    role: 'viewer',
  }),
  'fleet.unwatch': request({ payload: z.object({}), result: z.object({}), role: 'viewer' }),
};

export const fleetNotices = {
  /** At most one a second, to cockpits that watch. */
  'fleet.frame': notice({ payload: wireFrameSchema }),
};
