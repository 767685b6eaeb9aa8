import type { ServerResponse } from 'node:http';

/** Requests that are being answered, by the token that they came with: a package may be on its way for hours. */
export interface OpenRequests {
  /** Until its answer has ended. */
  hold(token: string, response: ServerResponse): void;
  /** Cuts the connections of all that came with it. */
  cut(token: string): void;
}

export function createOpenRequests(): OpenRequests {
  const open = new Map<string, Set<ServerResponse>>();
  return {
    hold(token, response) {
      const held = open.get(token) ?? new Set();
      open.set(token, held.add(response));
      response.once('close', () => {
        held.delete(response);
        if (held.size === 0 && open.get(token) === held) open.delete(token);
      });
    },
    cut(token) {
      for (const response of open.get(token) ?? []) response.destroy();
    },
  };
}
