import * as z from 'zod';

/** A number of a config file, or its text in an environment variable or a flag. What JSON has besides (null, true) is none. */
export const numberSchema = z
  .union([z.number(), z.string().regex(/^\s*-?\d+(\.\d+)?\s*$/, 'must be a number')], 'must be a number')
  .transform(Number);

/** A switch: true or false in a config file, also on, off, yes, no, 1 or 0 in an environment variable or a flag. */
export const switchSchema = z.union([z.boolean(), z.stringbool()], 'must be true or false');
