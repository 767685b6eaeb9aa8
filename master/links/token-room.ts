/** The room of all connections that were made with one token. */
export function tokenRoom(name: string): string {
  return `token:${name}`;
}
