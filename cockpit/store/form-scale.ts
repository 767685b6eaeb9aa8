import type { InstanceView } from '../../common/domain/instance.ts';
import { portSchema } from '../../common/domain/names.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange, refusedServices, selectedService } from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';

/** A port for a service that nothing is known of: without one the master refuses it. */
const FIRST_PORT = 8100;
const MAX_PER_NODE = 100;

/** How many instances to add on which node; the node with the fewest of the service stands first, with one. */
export function openScale(state: CockpitState): Reduction {
  const { t } = state;
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const service = selectedService(state);
  if (service === undefined)
    return become(unselected(state, 'Select a service, or an instance of it, to scale first'));
  const own = membersOf(state, service.serviceId);
  const hasOn = (nodeId: number): number => own.filter((view) => view.nodeId === nodeId).length;
  const nodes = [...state.fleet.nodes.values()]
    .filter((node) => node.link === 'up' && !node.isCordoned)
    .sort((a, b) => hasOn(a.nodeId) - hasOn(b.nodeId) || a.nodeId - b.nodeId);
  if (nodes.length === 0)
    return become(withToast(state, 'warn', t('No node can take an instance: all are down or cordoned')));
  const plan = state.catalog.services?.find(({ name }) => name === service.name)?.ports;
  const hasPort = own.length > 0 || plan !== undefined;
  const form: Form = {
    purpose: { kind: 'scale', serviceId: service.serviceId, serviceName: service.name },
    title: t('Add instances of {service}', { service: service.name }),
    fields: [
      formField(
        'port',
        t('First port'),
        hasPort ? '' : String(FIRST_PORT),
        t('empty: next free of the plan'),
      ),
      ...nodes.map((node, at) =>
        formField(
          String(node.nodeId),
          nodeWords(node, node.nodeId),
          at === 0 ? '1' : '0',
          t('has {count} of {service}', { count: hasOn(node.nodeId), service: service.name }),
        ),
      ),
    ],
    focus: 1,
    problem: '',
  };
  return become({ ...state, form });
}

function membersOf({ fleet }: CockpitState, serviceId: number): InstanceView[] {
  return [...fleet.instances.values()].filter((view) => view.serviceId === serviceId);
}

export interface Place {
  readonly nodeId: number;
  /** Null leaves it to the master, who knows the plan and what else listens on the node. */
  readonly port: number | null;
}

/** Where the instances go, from a port that was typed on with those that are free there; or what is wrong. */
export function placesOf({ fleet, t }: CockpitState, form: Form): readonly Place[] | string {
  const typed = textOf(form, 'port').trim();
  const first = portSchema.nullable().safeParse(typed === '' ? null : Number(typed));
  if (!first.success) return t('First port: "{text}" is no port (1 to 65535)', { text: typed });
  const places: Place[] = [];
  for (const { key, label } of form.fields) {
    if (key === 'port') continue;
    const text = textOf(form, key);
    if (!/^\d{0,3}$/.test(text) || Number(text) > MAX_PER_NODE)
      return t('{label}: "{text}" is no number of instances (0 to {most})', {
        label,
        text,
        most: MAX_PER_NODE,
      });
    const nodeId = Number(key);
    const taken = new Set(
      [...fleet.instances.values()].filter((view) => view.nodeId === nodeId).map(({ port }) => port),
    );
    if (first.data === null) {
      places.push(...Array.from({ length: Number(text) }, () => ({ nodeId, port: null })));
      continue;
    }
    let port = first.data;
    for (let added = 0; added < Number(text); added++) {
      while (taken.has(port)) port += 1;
      if (port > 65_535) return t('{label}: no port is free from {port} on', { label, port: first.data });
      taken.add(port);
      places.push({ nodeId, port });
    }
  }
  return places;
}

/** The release that most of its instances are to run. */
function usualRelease(members: readonly InstanceView[]) {
  const amounts = new Map<number, { version: string; amount: number }>();
  for (const { release } of members) {
    if (release === null) continue;
    const amount = (amounts.get(release.releaseId)?.amount ?? 0) + 1;
    amounts.set(release.releaseId, { version: release.version, amount });
  }
  const [most] = [...amounts].sort(([, a], [, b]) => b.amount - a.amount);
  return most === undefined ? null : { releaseId: most[0], version: most[1].version };
}

export function submitScale(
  state: CockpitState,
  form: Form,
  { serviceId, serviceName }: { readonly serviceId: number; readonly serviceName: string },
): Reduction {
  const places = placesOf(state, form);
  if (typeof places === 'string') return become(withForm(state, { problem: places }));
  if (places.length === 0)
    return become(withForm(state, { problem: state.t('Say on one node at least how many to add') }));
  const members = membersOf(state, serviceId);
  const limits = members[0]?.limits ?? {};
  const release = usualRelease(members);
  return propose(state, { kind: 'scale', serviceName, places, limits, release }, []);
}
