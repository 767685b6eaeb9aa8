import { hostname } from 'node:os';
import * as z from 'zod';
import { numberSchema } from '../common/config/values.ts';
import { cgroupDriverNameSchema } from '../common/domain/node.ts';
import { parseMasterAddress } from '../common/protocol/master-address.ts';
import { firstAddress } from '../common/system/own-address.ts';

/** Every key of `sgridnode`'s configuration: in the file, as `SGRIDNODE_<KEY>`, and as a flag. */
export const agentConfigSchema = z.object({
  /** The master, as it prints it at its start; see `parseMasterAddress`. */
  mainNode: z
    .string()
    .transform((text, context) => {
      try {
        return parseMasterAddress(text).text;
      } catch {
        context.addIssue(
          'must be the address of the master, http://host:15872 or https://host:15872#sha256:…',
        );
        return z.NEVER;
      }
    })
    .default('http://127.0.0.1:15872'),
  /** This node's id; unique in the fleet. */
  nodeIndex: numberSchema.pipe(z.int().positive()).default(1),
  /** Local HTTP port; 0 takes a free one. */
  nodePort: numberSchema.pipe(z.int().min(0).max(65535)).default(25528),
  /** Address under which other nodes reach this one. */
  host: z
    .string()
    .min(1)
    .max(255)
    .default(() => firstAddress()),
  /** Name of this node for people. */
  alias: z
    .string()
    .min(1)
    .max(128)
    .default(() => hostname().slice(0, 128)),
  stateDir: z.string().min(1).default('/var/lib/sgridnode'),
  /** Where `stat.json`, `stat-remote.json` and `node.port` are written for services to read; default: `stateDir`. */
  registryDir: z.string().min(1).optional(),
  /** File with the token of role agent; default `<stateDir>/agent.token`. */
  tokenFile: z.string().min(1).optional(),
  cgroupDriver: z.enum(['auto', ...cgroupDriverNameSchema.options]).default('auto'),
  /** Parent of the services' groups. */
  cgroupParent: z.string().min(1).default('business.slice'),
  /** Runs services of type node; default: the agent's own. */
  nodeBinary: z.string().min(1).default(process.execPath),
  /** Runs services of type java: a path, or a name to be found in PATH. */
  javaBinary: z.string().min(1).default('java'),
  /** How long the logs of removed instances stay on this node, in days. */
  keepRemovedLogsDays: numberSchema.pipe(z.number().min(0).max(3650)).default(7),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});
export type AgentConfig = z.output<typeof agentConfigSchema>;

/** Keys of older configurations. */
export const IGNORED_KEYS = { db: 'the agent needs no database; only the master has one' } as const;
