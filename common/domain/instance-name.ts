/** What people call nodes, by their numbers, as far as whoever speaks knows them. */
export type NodeNames = (nodeId: number) => string;

/**
 * What people call a node, and may type: its alias, else its number, as of one that is gone. What was said once keeps the name
 * that its node had then.
 */
export function nodeNameOf(node: { readonly alias: string } | null | undefined, nodeId: number): string {
  return node?.alias || String(nodeId);
}

/** What people call an instance, and may type: `web@beta:8080`. Its port is unique on its node. */
export function instanceNameOf(
  { serviceName, nodeId, port }: { serviceName: string; nodeId: number; port: number },
  nodeName: NodeNames,
): string {
  return `${serviceName}@${nodeName(nodeId)}:${port}`;
}
