import type { Release } from '../../common/domain/release.ts';
import type { Service } from '../../common/domain/service.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { Word } from '../language/translate.ts';
import { deployCursor, deployRows, serviceNameOf } from '../store/deploy.ts';
import { type CockpitState, type DeployState, type DeployStep, UPLOAD_ROW } from '../store/state.ts';
import { confirmBlocks } from './confirm.ts';
import { archiveBlocks, uploadBlocks } from './deploy-archive.ts';
import {
  BLANK,
  type Block,
  blockRows,
  type DialogColumn,
  dialogColumns,
  moreLine,
  textLine,
  visibleTable,
} from './dialog.ts';
import { stateCell } from './instance-cells.ts';
import type { Line, Segment } from './line.ts';
import { neverUpLines, standingVersion } from './standing-release.ts';

const STEPS: readonly (readonly [DeployStep, Word])[] = [
  ['service', 'service'],
  ['release', 'release'],
  ['instances', 'instances'],
  ['confirm', 'confirm'],
];

/** The page of the deploy flow's present step. */
export function deployBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const head: Block = { kind: 'lines', lines: [stepsLine(state, deploy), BLANK] };
  const room = rows - blockRows(head);
  switch (deploy.step) {
    case 'service':
      return [head, ...serviceBlocks(state, deploy, room)];
    case 'release':
      return [head, ...releaseBlocks(state, deploy, room)];
    case 'archive':
      return [head, ...archiveBlocks(state, deploy, room)];
    case 'upload':
      return [head, ...uploadBlocks(state, deploy)];
    case 'instances':
      return [head, ...instanceBlocks(state, deploy, room)];
    case 'confirm':
      return state.confirm === null ? [head] : [head, ...confirmBlocks(state, state.confirm, room)];
  }
}

/** Where one is in the flow, and what was chosen so far. */
function stepsLine(state: CockpitState, deploy: DeployState): Line {
  const aliases: Partial<Record<DeployStep, DeployStep>> = { archive: 'release', upload: 'release' };
  const present = aliases[deploy.step] ?? deploy.step;
  const chosen: Partial<Record<DeployStep, string>> = {
    service: serviceNameOf(state, deploy.serviceId) ?? '',
    release: chosenRelease(state, deploy)?.version ?? '',
  };
  const { t } = state;
  const segments: Segment[] = [{ text: t(' Deploy  '), tone: 'title' }];
  let isPast = true;
  STEPS.forEach(([step, name], at) => {
    const isPresent = step === present;
    if (isPresent) isPast = false;
    const value = isPast ? (chosen[step] ?? '') : '';
    segments.push({
      text: `${at + 1} ${t(name)}${value === '' ? '' : ` ${value}`}`,
      tone: isPresent ? 'strong' : isPast ? 'ok' : 'dim',
    });
    if (at < STEPS.length - 1) segments.push({ text: ' > ', tone: 'dim' });
  });
  return { segments };
}

export function chosenRelease(state: CockpitState, deploy: DeployState): Release | undefined {
  return state.catalog.releases
    .get(deploy.serviceId ?? 0)
    ?.find((release) => release.releaseId === deploy.releaseId);
}

function cursorIndex(state: CockpitState, deploy: DeployState): number {
  return deployRows(state, deploy).indexOf(deployCursor(state, deploy) ?? -1);
}

function serviceBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const { t } = state;
  const { services } = state.catalog;
  if (services === null) return [{ kind: 'busy', text: t('Loading the services') }];
  if (services.length === 0) {
    return [
      { kind: 'alert', variant: 'info', text: t('No service is registered yet') },
      { kind: 'lines', lines: [textLine(t('Register one with "sgrid service create", then come back.'))] },
    ];
  }
  const byId = new Map(services.map((service) => [service.serviceId, service]));
  const listed = deployRows(state, deploy).flatMap((id) => byId.get(id) ?? []);
  const columns = dialogColumns(
    [
      { title: 'SERVICE', width: 24 },
      { title: 'TYPE', width: 7 },
      { title: 'GROUP', width: 12 },
      { title: 'INSTANCES', width: 9, align: 'right' },
      { title: 'RUNS', width: 16 },
    ],
    state.size.columns,
    t,
  );
  const table = visibleTable(
    columns,
    listed,
    rows - 2,
    cursorIndex(state, deploy),
    (service) => serviceCells(state, service),
    (service) => service.serviceId,
  );
  return [
    { kind: 'table', table },
    { kind: 'lines', lines: [moreLine(t, table.rows.length, listed.length)] },
  ];
}

function serviceCells(state: CockpitState, service: Service): Segment[] {
  const own = [...state.fleet.instances.values()].filter((view) => view.serviceId === service.serviceId);
  const versions = new Set(own.flatMap((view) => view.status?.release?.version ?? []));
  return [
    { text: service.name, tone: 'strong' },
    { text: service.type },
    { text: service.group },
    { text: String(own.length) },
    { text: [...versions].join(', ') || '-' },
  ];
}

function releaseBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const { t } = state;
  const releases = state.catalog.releases.get(deploy.serviceId ?? 0);
  if (releases === undefined) return [{ kind: 'busy', text: t('Loading the releases') }];
  const columns = dialogColumns(
    [
      { title: 'RELEASE', width: 20 },
      { title: 'AGE', width: 6, align: 'right' },
      { title: 'BY', width: 10 },
      { title: 'SIZE', width: 6, align: 'right' },
      { title: 'RUNS ON', width: 7, align: 'right' },
      { title: 'MESSAGE', width: 12 },
    ],
    state.size.columns,
    t,
  );
  const listed: (Release | null)[] = [null, ...releases];
  const table = visibleTable(
    columns,
    listed,
    rows - 2,
    cursorIndex(state, deploy),
    (release) =>
      release === null ? [{ text: t('+ upload an archive'), tone: 'accent' }] : releaseCells(state, release),
    (release) => release?.releaseId ?? UPLOAD_ROW,
  );
  const last =
    releases.length === 0
      ? textLine(t('No release uploaded yet: enter uploads the first.'))
      : moreLine(t, table.rows.length, listed.length);
  return [
    { kind: 'table', table },
    { kind: 'lines', lines: [last] },
  ];
}

function releaseCells(state: CockpitState, release: Release): Segment[] {
  const masterNow = state.now + state.fleet.masterOffsetMs;
  const on = [...state.fleet.instances.values()].filter(
    (view) => view.status?.release?.releaseId === release.releaseId,
  ).length;
  return [
    { text: release.version, tone: 'strong' },
    { text: formatSpan(masterNow - release.uploadedAt) },
    { text: plainText(release.uploadedBy) },
    { text: formatBytes(release.sizeBytes) },
    { text: on === 0 ? '-' : String(on), tone: on === 0 ? 'dim' : 'ok' },
    { text: plainText(release.message), tone: 'dim' },
  ];
}

const INSTANCE_COLUMNS: readonly DialogColumn[] = [
  { title: 'INSTANCE', width: 22 },
  { title: 'NODE', width: 14 },
  { title: 'STATE', width: 11 },
  { title: 'RELEASE', width: 24 },
];

function instanceBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const { t } = state;
  const ids = deployRows(state, deploy);
  if (ids.length === 0) {
    return [
      { kind: 'alert', variant: 'info', text: t('This service has no instance to deploy on') },
      { kind: 'lines', lines: [textLine(t('Add one with "sgrid instance create", then come back.'))] },
    ];
  }
  const neverUp = neverUpLines(
    state,
    ids.flatMap((id) => state.fleet.instances.get(id) ?? []),
  );
  const height = rows - 2 - neverUp.length;
  const table = instanceTable(state, deploy, ids, height, cursorIndex(state, deploy));
  const chosen = t('{part} of {all} chosen', {
    part: deploy.chosen.size,
    all: t.count(ids.length, 'instance'),
  });
  const more = table.rows.length < ids.length ? t('; {count} shown', { count: table.rows.length }) : '';
  return [
    { kind: 'table', table },
    {
      kind: 'lines',
      lines: [textLine(chosen + more, deploy.chosen.size === 0 ? 'warn' : 'dim'), ...neverUp],
    },
  ];
}

function instanceTable(
  state: CockpitState,
  deploy: DeployState,
  ids: readonly number[],
  height: number,
  selected: number,
) {
  const { t } = state;
  const { nodes, instances } = state.fleet;
  const next = chosenRelease(state, deploy)?.version ?? '?';
  return visibleTable(
    dialogColumns(INSTANCE_COLUMNS, state.size.columns, t),
    ids.flatMap((id) => instances.get(id) ?? []),
    height,
    selected,
    (view) => {
      const isChosen = deploy.chosen.has(view.instanceId);
      const mark = isChosen ? '[x] ' : '[ ] ';
      const now = standingVersion(view) ?? t('none');
      return [
        { text: `${mark}${view.serviceName}:${view.port}`, tone: isChosen ? 'strong' : 'dim' },
        { text: nodeWords(nodes.get(view.nodeId), view.nodeId) },
        stateCell(view, nodes.get(view.nodeId), t),
        isChosen
          ? { text: `${now} -> ${next}`, tone: 'busy' }
          : { text: t('{version} (stays)', { version: now }), tone: 'dim' },
      ];
    },
    (view) => view.instanceId,
  );
}
