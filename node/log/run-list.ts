import * as z from 'zod';
import type { LogPosition } from '../../common/domain/log.ts';
import { type LogRun, logRunSchema } from '../../common/domain/log-runs.ts';
import { readFileIfThere, writeFileAtomic } from '../../common/system/atomic-file.ts';

/** Where the runs of one instance lie in its log: a small file beside it, the latest last. */
export interface RunList {
  all(): LogRun[];
  /** Once more with the same id changes nothing. @throws SgridError `no_space`, `permission_denied` */
  begin(runId: string, at: number, position: LogPosition): void;
  /** Also of a run that ended before or never began, which changes nothing. @throws as `begin` */
  end(runId: string, at: number, position: LogPosition): void;
}

const RUNS_KEPT = 200;
const fileSchema = z.object({ runs: z.array(logRunSchema) });

export function openRunList(file: string): RunList {
  const load = (): LogRun[] => {
    const text = readFileIfThere(file);
    if (text === null) return [];
    try {
      return fileSchema.parse(JSON.parse(text)).runs;
    } catch {
      // Programs can write here. What is lost is where to jump to.
      return [];
    }
  };
  const save = (runs: readonly LogRun[]): void =>
    writeFileAtomic(file, `${JSON.stringify({ runs: runs.slice(-RUNS_KEPT) })}\n`, 0o644);

  return {
    all: load,
    begin(runId, at, position) {
      const runs = load();
      if (runs.some((run) => run.runId === runId)) return;
      // Of one whose end nobody saw, the next one's beginning is all that is known.
      const before = runs.map((run) => (run.end === null ? { ...run, endedAt: at, end: position } : run));
      save([...before, { runId, startedAt: at, endedAt: null, start: position, end: null }]);
    },
    end(runId, at, position) {
      const runs = load();
      if (!runs.some((run) => run.runId === runId && run.end === null)) return;
      save(runs.map((run) => (run.runId === runId ? { ...run, endedAt: at, end: position } : run)));
    },
  };
}
