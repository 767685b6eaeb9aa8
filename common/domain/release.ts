import * as z from 'zod';
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

/** One file, or link, in a package. */
export const packageEntrySchema = z.object({
  path: z.string(),
  /** Permission bits; null for links. */
  mode: z.int().nonnegative().nullable(),
  sizeBytes: z.int().nonnegative(),
});
export type PackageEntry = z.infer<typeof packageEntrySchema>;

/** Of each list of a difference, so many come at most, by path; the counts say how many there are. */
export const MAX_DIFF_ENTRIES = 1_000;

/** How two packages differ, file by file, by content, permissions and kind. */
export const packageDiffSchema = z.object({
  counts: z.object({
    added: z.int().nonnegative(),
    removed: z.int().nonnegative(),
    changed: z.int().nonnegative(),
    unchanged: z.int().nonnegative(),
  }),
  added: z.array(packageEntrySchema),
  removed: z.array(packageEntrySchema),
  changed: z.array(z.object({ path: z.string(), from: packageEntrySchema, to: packageEntrySchema })),
});
export type PackageDiff = z.infer<typeof packageDiffSchema>;
