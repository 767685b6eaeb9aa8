import type { Socket } from 'socket.io';

/** Where Engine.IO 6 and ws 8 keep what was not written to the connection; neither has a way to ask for all of it. */
interface Buffers {
  readonly writeBuffer?: readonly { readonly data?: { readonly length: number } }[];
  readonly transport?: { readonly socket?: { readonly bufferedAmount: number } };
}

/** About how many bytes this process holds for a peer, since that does not read them as fast as they come. */
export function unreadBytes({ conn }: Pick<Socket, 'conn'>): number {
  const { writeBuffer = [], transport } = conn as unknown as Buffers;
  const waiting = writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  return waiting + (transport?.socket?.bufferedAmount ?? 0);
}
