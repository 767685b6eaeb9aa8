import * as z from 'zod';
import { idSchema } from '../../domain/names.ts';

export const instanceIdsSchema = z.array(idSchema).min(1).max(10_000);

/** A stop may take its whole grace on each of many instances; the agents work side by side. */
export const COMMAND_TIMEOUT_MS = 660_000;
