import type { SgridEvent } from '../../common/domain/event.ts';
import type { InstanceFigures, NodeFigures } from '../../common/domain/figures.ts';
import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { PackageDiff, Release } from '../../common/domain/release.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { Service } from '../../common/domain/service.ts';
import type { TokenView } from '../../common/domain/token.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { LinkState } from '../client/master-client.ts';
import type { Settings } from '../config/settings.ts';
import type { Binding } from '../keymap/bindings.ts';
import type { Translate } from '../language/translate.ts';
import type { Confirm, Secret, Task } from './change.ts';
import type { ChartTarget } from './chart.ts';
import type { ConfigCentre, ConfigFileKey } from './config-state.ts';
import type { DescribeTarget } from './described.ts';
import type { Form } from './form.ts';
import type { InsightState } from './insight.ts';
import type { LogPaneState } from './log-pane.ts';
import type { Trail } from './trail.ts';

export type { Confirm } from './change.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface NodeSampleState {
  readonly figures: NodeFigures;
  /** When it was taken, cockpit's clock. */
  readonly sampledAt: number;
  /** The same, master's clock. */
  readonly takenAt: number;
}

export interface InstanceChange {
  /** Cockpit's clock. */
  readonly at: number;
  readonly columns: readonly string[];
}

/** Everything known of the fleet. Maps are replaced, never changed, so that identity tells whether something is new. */
export interface FleetState {
  /** What of an instance changed a moment ago: keys of columns. */
  readonly changes: ReadonlyMap<number, InstanceChange>;
  /** When the last snapshot or frame came, cockpit's clock; null before the first. */
  readonly receivedAt: number | null;
  /** Master's clock minus cockpit's, in milliseconds. */
  readonly masterOffsetMs: number;
  readonly nodes: ReadonlyMap<number, NodeView>;
  readonly instances: ReadonlyMap<number, InstanceView>;
  readonly nodeSamples: ReadonlyMap<number, NodeSampleState>;
  readonly figures: ReadonlyMap<number, InstanceFigures>;
  /** CPU in thousandths of a core, oldest first, one a second, at most `HISTORY_SAMPLES`; null where a sample is missing. */
  readonly cpuHistory: ReadonlyMap<number, readonly (number | null)[]>;
}

/** Where one is. `nodeId` null means all nodes. */
export type Screen =
  | { readonly name: 'pulse' }
  | { readonly name: 'nodes' }
  | { readonly name: 'instances'; readonly nodeId: number | null }
  | { readonly name: 'events' }
  | { readonly name: 'services' }
  | { readonly name: 'releases' }
  | { readonly name: 'release-diff'; readonly fromReleaseId: number; readonly toReleaseId: number }
  | { readonly name: 'rollouts' }
  | { readonly name: 'rollout'; readonly rolloutId: number }
  | { readonly name: 'registry' }
  | { readonly name: 'tokens' }
  | {
      readonly name: 'describe';
      readonly target: DescribeTarget;
    }
  | { readonly name: 'chart'; readonly target: ChartTarget }
  | { readonly name: 'capsule'; readonly instanceId: number }
  | { readonly name: 'who' }
  | { readonly name: 'config' }
  | { readonly name: 'config-file'; readonly file: ConfigFileKey }
  | { readonly name: 'config-text'; readonly file: ConfigFileKey; readonly versionId: number }
  /** What was compared last, or is to be saved. */
  | { readonly name: 'config-diff' }
  | { readonly name: 'config-service'; readonly serviceName: string }
  | { readonly name: 'deploy' }
  | { readonly name: 'tour' }
  | { readonly name: 'logs'; readonly instanceId: number }
  | { readonly name: 'help'; readonly of: ScreenName };
export type ScreenName = Screen['name'];

export type TableRow =
  | { readonly kind: 'row'; readonly id: number }
  /** A line above rows: of a node, or of a section of the overview, counted from 0. */
  | { readonly kind: 'group'; readonly nodeId: number };

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
  /** What is broken stands in front, whatever the column. */
  readonly badFirst?: boolean | undefined;
}

/** The list of a table's columns; `cursor` counts from 0. */
export interface Picker {
  readonly cursor: number;
}

/**
 * A list with a cursor. `rows` is derived (filtered, sorted, grouped) and kept until something that it was made
 * from changes. Screens without rows to select (describe, help) use only `top`.
 */
export interface TableState {
  readonly selectedId: number | null;
  /** First visible row. */
  readonly top: number;
  readonly filter: string;
  readonly sort: Sort;
  readonly rows: readonly TableRow[];
  /** What `rows` was made from, compared by identity. */
  readonly madeFrom: readonly unknown[];
}

export interface View {
  readonly screen: Screen;
  readonly table: TableState;
}

/** A line of text under edit. `cursor` counts UTF-16 units, always on a grapheme border. */
export interface TextField {
  readonly text: string;
  readonly cursor: number;
  /** It was put there as a proposal: what is typed takes its place, and any other key makes it one's own. */
  readonly isProposed?: boolean;
}

export interface Prompt {
  readonly kind: 'palette' | 'filter';
  readonly field: TextField;
  /** Chosen completion of the palette, counted from 0; -1 when none is chosen. */
  readonly choice: number;
  /** Line of the palette's history that is shown, the newest is 0; -1 for none. */
  readonly recalled: number;
  /** The filter before, for esc. */
  readonly before: string;
}

export type Verb = 'start' | 'stop' | 'restart';

/** A command under way, shown with the time since it began. */
export interface Job {
  readonly jobId: number;
  readonly label: string;
  readonly startedAt: number;
  readonly verb: Verb;
  readonly instanceIds: readonly number[];
  /** Process ids before, by instance, so that the result can name old and new. */
  readonly pidsBefore: ReadonlyMap<number, number | null>;
  /** The master's answer; the job stays until the fleet shows its result, so that the new pid can be named. */
  readonly answer: { readonly at: number; readonly outcomes: readonly InstanceOutcome[] } | null;
}

export interface Toast {
  readonly toastId: number;
  readonly tone: 'ok' | 'warn' | 'bad' | 'accent';
  readonly text: string;
  readonly expiresAt: number;
  /** It tells what became of something and not why a key did nothing: it stays until it has been read. */
  readonly isResult?: boolean;
}

/** The first row of the list of releases; no release has this id. */
export const UPLOAD_ROW = 0;

export type DeployStep = 'service' | 'release' | 'archive' | 'upload' | 'instances' | 'confirm';

export interface UploadState {
  readonly uploadId: number;
  readonly sentBytes: number;
  /** Null until the file has been looked at. */
  readonly totalBytes: number | null;
  readonly startedAt: number;
  readonly error: WireError | null;
}

export interface ArchiveForm {
  readonly focus: 'path' | 'version' | 'message';
  readonly path: TextField;
  readonly version: TextField;
  readonly message: TextField;
  /** What the path could go on to. */
  readonly completions: readonly string[];
  /** What is wrong with the form, or empty. */
  readonly problem: string;
}

export interface DeployState {
  readonly step: DeployStep;
  readonly serviceId: number | null;
  /** Row under the cursor in the list of the present step, by id; `UPLOAD_ROW` is the row that leads to an upload. */
  readonly cursorId: number | null;
  readonly releaseId: number | null;
  readonly archive: ArchiveForm;
  readonly upload: UploadState | null;
  readonly chosen: ReadonlySet<number>;
}

/** Lists that are asked for, not streamed. Null before the first answer. */
export interface CatalogState {
  readonly services: readonly Service[] | null;
  /** Newest first. */
  readonly releases: ReadonlyMap<number, readonly Release[]>;
  readonly rollouts: ReadonlyMap<number, Rollout>;
  /** The list of them was asked for and came. */
  readonly hasRollouts: boolean;
  /** Releases of all services were asked for and came. */
  readonly hasAllReleases: boolean;
  readonly tokens: readonly TokenView[] | null;
  /** The comparison that was asked for last. */
  readonly releaseDiff: ReleaseDiff | null;
  /** Newest first, at most `KEPT_EVENTS`. */
  readonly events: readonly SgridEvent[] | null;
}

export interface ReleaseDiff {
  readonly from: Release;
  readonly to: Release;
  readonly diff: PackageDiff;
}

export interface CockpitState {
  /** Cockpit's clock at the last action, in milliseconds since the epoch. */
  readonly now: number;
  readonly size: Size;
  readonly url: string;
  readonly link: LinkState;
  /** Every text that is shown, in the user's language. */
  readonly t: Translate;
  readonly settings: Settings;
  /** Nothing is changed, whatever the token may. */
  readonly isReadOnly: boolean;
  /** The first time: what there is to know stands below the nodes. */
  readonly isTouring: boolean;
  /** The key table with the user's keys in it. */
  readonly bindings: readonly Binding[];
  /** The user's keys that do not hold, and why. */
  readonly keyProblems: readonly string[];
  readonly fleet: FleetState;
  readonly catalog: CatalogState;
  /** From the outermost to the one shown; never empty. */
  readonly views: readonly View[];
  readonly trail: Trail;
  readonly marks: ReadonlySet<number>;
  /** The row marked last: where a range begins. */
  readonly markAnchor: number | null;
  readonly prompt: Prompt | null;
  /** Releases that are marked, for comparing and deleting. */
  readonly releaseMarks: ReadonlySet<number>;
  readonly confirm: Confirm | null;
  readonly form: Form | null;
  readonly secret: Secret | null;
  readonly tasks: readonly Task[];
  readonly picker: Picker | null;
  readonly deploy: DeployState | null;
  readonly logPane: LogPaneState | null;
  readonly insight: InsightState;
  readonly config: ConfigCentre;
  readonly jobs: readonly Job[];
  readonly toasts: readonly Toast[];
  /** Numbers for jobs, toasts and uploads. */
  readonly nextId: number;
}
