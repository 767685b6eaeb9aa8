import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { describeIssue } from '../common/protocol/bind.ts';
import { SgridError } from '../common/protocol/errors.ts';
import { readFileIfThere, writeFileAtomic } from '../common/system/atomic-file.ts';

const agentStateSchema = z.object({
  /** Tells this agent from any other that claims its node id. */
  agentId: z.uuid(),
  bootId: z.string().max(64),
  /** `/proc/self/cgroup` of the first agent since that boot: where its groups are, whichever session starts the next. */
  ownCgroups: z.string().max(65_536),
});
export type AgentState = z.infer<typeof agentStateSchema>;

/**
 * What an agent keeps of itself: made at the first start; its place in the cgroup tree is taken down anew after a boot.
 *
 * @throws SgridError `conflict` when the file cannot be understood: making another id up would lose the node's identity.
 */
export function loadAgentState(
  file: string,
  bootId: string,
  ownCgroups: string,
  write: (file: string, content: string) => void = writeFileAtomic,
): AgentState {
  const text = readFileIfThere(file);
  const kept = text === null ? null : parse(file, text);
  if (kept !== null && kept.bootId === bootId) return kept;
  const state = { agentId: kept?.agentId ?? randomUUID(), bootId, ownCgroups };
  write(file, `${JSON.stringify(state)}\n`);
  return state;
}

function parse(file: string, text: string): AgentState {
  let problem = 'it is not JSON';
  try {
    const parsed = agentStateSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    problem = describeIssue(parsed.error);
  } catch {
    // said by `problem`
  }
  throw new SgridError('conflict', `${file} cannot be read: ${problem}`, {
    hint: 'restore it from a backup, or remove it: this agent then counts as another one, and services that run are not found again',
  });
}
