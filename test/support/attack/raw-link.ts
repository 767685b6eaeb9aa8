import type { Reply } from '../../../common/protocol/define.ts';

/** Packets of a Socket.IO link, written by hand: also such as no library would send (socket.io-protocol v5). */
export interface RawLink {
  /** Sends any text as an Engine.IO message. */
  send(text: string): void;
  /** An event whose arguments are this JSON, asking for an answer. @throws Error when the link goes down instead. */
  ask(args: string): Promise<Reply<unknown>>;
  close(): void;
}

/** @param write sends a text; @returns what is called with each text that comes, and with the end. */
export function createRawLink(
  namespace: string,
  write: (text: string) => void,
  close: () => void,
): { link: RawLink; receive(text: string): void; ended(why: string): void } {
  const waiting = new Map<number, PromiseWithResolvers<Reply<unknown>>>();
  let next = 0;
  // An answer, or one with bytes behind it, which come as messages of their own.
  const prefix = new RegExp(`^(?:3|6\\d+-)${namespace},(?=\\d)`);
  return {
    link: {
      send: write,
      ask(args) {
        const id = next++;
        const answer = Promise.withResolvers<Reply<unknown>>();
        waiting.set(id, answer);
        write(`2${namespace},${id}${args}`);
        return answer.promise;
      },
      close,
    },
    receive(text) {
      const [found] = prefix.exec(text) ?? [];
      if (found === undefined) return;
      const start = text.indexOf('[');
      const id = Number(text.slice(found.length, start));
      waiting.get(id)?.resolve(JSON.parse(text.slice(start))[0]);
      waiting.delete(id);
    },
    ended(why) {
      for (const answer of waiting.values()) answer.reject(new Error(`the link went down: ${why}`));
      waiting.clear();
    },
  };
}

/** A WebSocket to a master, joined to a namespace. @throws Error when it is refused. */
export async function openRawLink(url: string, namespace: string, auth: object): Promise<RawLink> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const joined = Promise.withResolvers<void>();
  const { link, receive, ended } = createRawLink(
    namespace,
    // "4" is a message of Engine.IO, "2" and "3" are its ping and pong.
    (text) => socket.send(`4${text}`),
    () => socket.close(),
  );
  socket.addEventListener('message', ({ data }) => {
    const text = String(data);
    if (text.startsWith('0')) link.send(`0${namespace},${JSON.stringify(auth)}`);
    else if (text === '2') socket.send('3');
    else if (text.startsWith(`40${namespace},`)) joined.resolve();
    else if (text.startsWith(`44${namespace},`)) joined.reject(new Error(text));
    else receive(text.slice(1));
  });
  socket.addEventListener('close', ({ code, reason }) => {
    ended(`${code} ${reason}`);
    joined.reject(new Error(`closed: ${code} ${reason}`));
  });
  await joined.promise;
  return link;
}
