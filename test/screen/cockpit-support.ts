import { EventEmitter } from 'node:events';
import { onTestFinished } from 'vitest';
import { type CockpitExit, runCockpit } from '../../cockpit/main.tsx';
import { createRecordedClient, type RecordedClient, readRecording } from '../support/recorded-client.ts';
import { createTerminal, type Terminal } from '../support/terminal.ts';

export interface Cockpit {
  readonly terminal: Terminal;
  readonly client: RecordedClient;
  readonly process: EventEmitter;
  readonly left: Promise<CockpitExit>;
}

/** The real cockpit on a terminal emulator, with a recorded fleet; left when the test ends, however it ends. */
export function openCockpit(
  options: {
    columns?: number;
    rows?: number;
    env?: Record<string, string>;
    client?: RecordedClient;
    cwd?: string;
  } = {},
): Cockpit {
  const { columns = 80, rows = 24, env = {}, cwd = '/' } = options;
  const terminal = createTerminal({ columns, rows });
  const client = options.client ?? createRecordedClient(readRecording('three-nodes'));
  const processEvents = new EventEmitter();
  const left = runCockpit({
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    client,
    env,
    cwd,
    processEvents,
  });
  left.catch(() => {});
  onTestFinished(async () => {
    processEvents.emit('SIGTERM');
    await left.catch(() => {});
    terminal.close();
  });
  return { terminal, client, process: processEvents, left };
}
