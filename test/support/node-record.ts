import type { NodeRecord } from '../../master/store/nodes.ts';

/** A node as the master keeps it, of which a test says what it is about. */
export function nodeRecord(change: Partial<NodeRecord> = {}): NodeRecord {
  return {
    nodeId: 1,
    agentId: 'a',
    machineId: '',
    isReplaceable: false,
    isCordoned: false,
    alias: '',
    innerAddress: '',
    outerAddress: '',
    info: null,
    clockOffsetMs: 0,
    lastSeenAt: null,
    ...change,
  };
}
