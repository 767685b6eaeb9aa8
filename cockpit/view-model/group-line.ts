import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import type { CockpitState } from '../store/state.ts';
import { lineOf } from './columns.ts';
import type { Line, Segment } from './line.ts';

/** The line above a node's instances in the table of all. */
export function groupLine(state: CockpitState, nodeId: number): Line {
  const node = state.fleet.nodes.get(nodeId);
  const segments: Segment[] = [{ text: ` ${nodeWords(node, nodeId)}`, tone: 'title' }];
  if (node !== undefined) segments.push({ text: `  ${plainText(node.innerAddress)}`, tone: 'dim' });
  if (node?.link === 'down') segments.push({ text: state.t('  node down, as last known'), tone: 'bad' });
  return lineOf(segments, state.size.columns);
}
