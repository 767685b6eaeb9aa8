import { createHash } from 'node:crypto';
import { inOrder, type RegistryEntry } from '../../common/domain/registry.ts';
import type { Registry } from '../registry/registry.ts';

/** One answer: its text, and the strong entity tag (RFC 9110 8.8.3) that changes with it. */
export interface Document {
  text: string;
  etag: string;
}

/** What is served of the registry. Made when first asked for, and again when the registry has changed. */
export interface ServiceDocuments {
  all(): Document;
  service(name: string): Document;
  close(): void;
}

export function createServiceDocuments(registry: Registry, nodeId: number): ServiceDocuments {
  let services: Map<string, RegistryEntry[]> | null = null;
  let made = new Map<string, Document>();
  const stop = registry.listen(() => {
    services = null;
    made = new Map();
  });

  function byService(): Map<string, RegistryEntry[]> {
    services ??= Map.groupBy(inOrder(registry.table()), ({ serviceName }) => serviceName);
    return services;
  }

  return {
    all() {
      const known = made.get('');
      if (known !== undefined) return known;
      const names = [...byService().keys()].sort();
      const document = toDocument({ nodeId, services: names.map((name) => serviceOf(name, byService())) });
      made.set('', document);
      return document;
    },
    service(name) {
      const known = made.get(name);
      if (known !== undefined) return known;
      const document = toDocument({ nodeId, ...serviceOf(name, byService()) });
      // Names that are not in the registry are without number.
      if (byService().has(name)) made.set(name, document);
      return document;
    },
    close: stop,
  };
}

function serviceOf(name: string, services: ReadonlyMap<string, readonly RegistryEntry[]>) {
  const entries = services.get(name) ?? [];
  return {
    name,
    serviceId: entries[0]?.serviceId ?? null,
    instances: entries.map(({ serviceName: _name, serviceId: _id, ...instance }) => instance),
  };
}

function toDocument(value: object): Document {
  const text = `${JSON.stringify(value)}\n`;
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
}
