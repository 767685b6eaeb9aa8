import * as z from 'zod';

/** A container as the engine describes it; times in milliseconds since the epoch. */
export interface Container {
  /** The engine's own, which no other container ever has. */
  readonly id: string;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Main process, in the agent's view of the machine. */
  readonly pid: number | null;
  /** Of the last run: 128 and the signal's number for one that a signal ended, which is all that the engine keeps. */
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why the engine could not start it. */
  readonly error: string;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** The engine restarts it by a policy of its own. */
  readonly hasRestartPolicy: boolean;
}

const inspectSchema = z.array(
  z.object({
    Id: z.string().regex(/^[0-9a-f]{12,64}$/),
    Name: z.string(),
    State: z.object({
      Status: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']),
      Pid: z.int().nonnegative(),
      ExitCode: z.int(),
      OOMKilled: z.boolean(),
      Error: z.string().default(''),
      StartedAt: z.string(),
      FinishedAt: z.string(),
    }),
    HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string() }).optional() }),
  }),
);

/**
 * Reads the answer of `docker container inspect NAME`.
 *
 * @returns null when what was found is another: the client takes the beginning of an id for a name.
 * @throws ZodError or SyntaxError for an answer of another shape.
 */
export function parseInspect(text: string, name: string): Container | null {
  const found = inspectSchema.parse(JSON.parse(text)).find(({ Name }) => Name === `/${name}`);
  if (found === undefined) return null;
  const { State, HostConfig } = found;
  return {
    id: found.Id,
    state: State.Status,
    pid: State.Pid === 0 ? null : State.Pid,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    error: State.Error,
    startedAt: timeOf(State.StartedAt),
    finishedAt: timeOf(State.FinishedAt),
    hasRestartPolicy: !['', 'no'].includes(HostConfig.RestartPolicy?.Name ?? ''),
  };
}

/** Go's zero time, `0001-01-01T00:00:00Z`, is "never". */
function timeOf(text: string): number | null {
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= 0 ? null : at;
}
