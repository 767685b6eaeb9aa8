import * as z from 'zod';
import { numberSchema, switchSchema } from '../common/config/values.ts';
import { webhookSchema } from './webhooks/webhook.ts';

/** Every key of `sgridnext`'s configuration: in the file, as `SGRIDNEXT_<KEY>`, and as a flag. */
export const masterConfigSchema = z.object({
  /** Database file; default `<stateDir>/sgridnext.db`. */
  db: z.string().min(1).optional(),
  /** Address to listen on. */
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0 takes a free one. */
  httpPort: numberSchema.pipe(z.int().min(0).max(65535)).default(15872),
  /** Database, packages and first tokens. */
  stateDir: z.string().min(1).default('/var/lib/sgridnext'),
  /** Encrypts everything on the port, with the certificate below, or one that is made at the first start. */
  tls: switchSchema.default(false),
  /** PEM, the whole chain; with `tlsKeyFile`. */
  tlsCertFile: z.string().min(1).optional(),
  tlsKeyFile: z.string().min(1).optional(),
  /** Tokens, packages and logs readable by everybody on the way: allowed on loopback only, unless this says so. */
  allowPlainText: switchSchema.default(false),
  maxPackageBytes: numberSchema.pipe(z.int().min(1)).default(2 * 1024 ** 3),
  /** Whom to tell of events; only in the file. See docs/OPERATIONS.md. */
  webhooks: z.array(webhookSchema).max(32).optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});
export type MasterConfig = z.output<typeof masterConfigSchema>;
