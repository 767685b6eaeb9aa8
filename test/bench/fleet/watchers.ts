import { io, type Socket } from 'socket.io-client';
import type { NodeSnapshot } from '../../../common/domain/figures.ts';
import { cockpitLink, type MasterToCockpit } from '../../../common/protocol/cockpit-link.ts';
import type { PayloadInput } from '../../../common/protocol/define.ts';
import { unpackSamples } from '../../../common/protocol/packed-samples.ts';
import { PROTOCOL_VERSION } from '../../../common/protocol/version.ts';
import { type AgeSummary, createAges } from './ages.ts';

/** What a process of watching cockpits is told at its start, by IPC. */
export interface WatchTask {
  url: string;
  token: string;
  cockpits: number;
  /** Of a master come frames; of the bare relay each snapshot by itself, with its node's id in front. */
  source: 'master' | 'relay';
}

/** Answered to the order `begin` with null, and to `end` with this. */
export interface WatchReport extends AgeSummary {
  frames: number;
  /** Snapshots of nodes that came, at the cockpit that got the fewest. */
  samples: number;
  /** Of those that have sent figures since `begin`, at the cockpit that has the fewest. */
  nodes: number;
  instances: number;
  receivedBytes: number;
}

type WireFrame = PayloadInput<MasterToCockpit, 'fleet.frame'>;

interface Cockpit {
  socket: Socket;
  /** By node: when what is known of it was sampled, this machine's clock. */
  takenAt: Map<number, number>;
  instances: Map<number, number>;
  frames: number;
  samples: number;
}

const AGE_EVERY_MS = 1_000;
const FIGURES_STRIDE = 9;

async function watch({ url, token, cockpits: count, source }: WatchTask): Promise<(order: string) => void> {
  const ages = createAges();
  let isMeasuring = false;
  const cockpits: Cockpit[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = io(url + cockpitLink.namespace, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      auth: { token, protocolVersion: PROTOCOL_VERSION, version: 'bench' },
    });
    const cockpit: Cockpit = { socket, takenAt: new Map(), instances: new Map(), frames: 0, samples: 0 };
    const look = (): void => {
      const now = Date.now();
      if (isMeasuring) for (const takenAt of cockpit.takenAt.values()) ages.add(now - takenAt);
    };
    if (source === 'relay') {
      socket.on('node.snapshot', (nodeId: number, { at, instances }: NodeSnapshot) => {
        cockpit.frames += 1;
        cockpit.samples += 1;
        cockpit.takenAt.set(nodeId, at);
        cockpit.instances.set(nodeId, instances.length / FIGURES_STRIDE);
      });
      setInterval(look, AGE_EVERY_MS);
    } else {
      socket.on('fleet.frame', ({ at, samples: packed }: WireFrame) => {
        const samples = packed === undefined ? [] : unpackSamples(packed);
        cockpit.frames += 1;
        cockpit.samples += samples.length;
        for (const { nodeId, ageMs, instances } of samples) {
          cockpit.takenAt.set(nodeId, at - ageMs);
          cockpit.instances.set(nodeId, instances.length / FIGURES_STRIDE);
        }
        look();
      });
    }
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('connect_error', reject);
    });
    if (source === 'master')
      await socket.timeout(30_000).emitWithAck('fleet.watch', { scope: { kind: 'all' } });
    socket.on('disconnect', (reason) => {
      process.stderr.write(`a cockpit was cut off: ${reason}\n`);
      process.exit(1);
    });
    cockpits.push(cockpit);
  }
  const bytesRead = (): number => cockpits.reduce((sum, { socket }) => sum + bytesReadBy(socket), 0);
  let bytesBefore = 0;
  return (order) => {
    if (order === 'begin') {
      ages.clear();
      for (const cockpit of cockpits) {
        cockpit.takenAt.clear();
        cockpit.instances.clear();
        cockpit.frames = 0;
        cockpit.samples = 0;
      }
      bytesBefore = bytesRead();
      isMeasuring = true;
      process.send?.(null);
      return;
    }
    isMeasuring = false;
    const least = (of: (cockpit: Cockpit) => number): number => Math.min(...cockpits.map(of));
    const report: WatchReport = {
      ...ages.summary(),
      frames: least(({ frames }) => frames),
      samples: least(({ samples }) => samples),
      nodes: least(({ takenAt }) => takenAt.size),
      instances: least(({ instances }) => [...instances.values()].reduce((sum, each) => sum + each, 0)),
      receivedBytes: bytesRead() - bytesBefore,
    };
    process.send?.(report);
  };
}

/** Of the TCP socket below, which the client's types do not show. */
function bytesReadBy(socket: Socket): number {
  const { transport } = socket.io.engine as unknown as {
    transport: { ws: { _socket: { bytesRead: number } } };
  };
  return transport.ws._socket.bytesRead;
}

process.once('message', (task: WatchTask) => {
  watch(task).then(
    (obey) => {
      process.on('message', obey);
      process.send?.(null);
    },
    (error: unknown) => {
      process.stderr.write(`cockpits cannot watch: ${error}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
