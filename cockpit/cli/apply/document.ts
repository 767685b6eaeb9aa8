import * as z from 'zod';
import { lineSchema, portSchema, serviceNameSchema } from '../../../common/domain/names.ts';
import { limitsSchema, serviceSpecSchema } from '../../../common/domain/service.ts';

/** Fields of a specification without their defaults: what is left out stays as it is. */
export const partialSpecSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(serviceSpecSchema.shape)
      .filter(([name]) => name !== 'name')
      .map(([name, schema]) => [
        name,
        (schema instanceof z.ZodDefault ? schema.unwrap() : schema).optional(),
      ]),
  ),
);

/** One document of a file for `sgrid apply`: a service, and where its instances are. */
export const applyDocumentSchema = z.strictObject({
  service: serviceNameSchema,
  /** As `sgrid get services -o yaml` has them. */
  spec: partialSpecSchema.default({}),
  /** Of its instances that do not say their own; without it, theirs stay as they are. */
  limits: limitsSchema.strict().optional(),
  /** All of them; without it, instances are not looked at. */
  instances: z
    .array(
      z.strictObject({
        /** Alias or id. */
        node: z.union([z.string().min(1), z.int().positive().transform(String)]),
        port: portSchema,
        /** Only for one that is made: an instance cannot move. */
        host: lineSchema(255).min(1).optional(),
        limits: limitsSchema.strict().optional(),
      }),
    )
    .optional(),
});
export type ApplyDocument = z.infer<typeof applyDocumentSchema>;
