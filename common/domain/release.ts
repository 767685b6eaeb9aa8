import { z } from 'zod';
import { idSchema, serviceNameSchema, sha256Schema, timestampSchema, versionLabelSchema } from './names.ts';

/** One uploaded package of a service. */
export const releaseSchema = z.object({
  releaseId: idSchema,
  serviceId: idSchema,
  serviceName: serviceNameSchema,
  version: versionLabelSchema,
  message: z.string().max(1024),
  sha256: sha256Schema,
  sizeBytes: z.int().nonnegative(),
  uploadedBy: z.string(),
  uploadedAt: timestampSchema,
});
export type Release = z.infer<typeof releaseSchema>;

/** What an agent has to know of a release to fetch and run it. */
export const releaseRefSchema = releaseSchema.pick({
  releaseId: true,
  version: true,
  sha256: true,
  sizeBytes: true,
});
export type ReleaseRef = z.infer<typeof releaseRefSchema>;
