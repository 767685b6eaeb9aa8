import type * as z from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/** A field of a payload that is a text, by the names on the way to it; `*` for an entry of an array or record. */
export interface TextField {
  path: string;
  /** Texts that its own schema takes. */
  takes(text: string): boolean;
}

/** Every text in a payload, found in its schema, so that none of a new message is forgotten. */
export function textFieldsOf(schema: z.ZodType): TextField[] {
  const found = new Map<string, z.ZodType[]>();
  walk(schema, '', found);
  return [...found].map(([path, schemas]) => ({
    path,
    takes: (text) => schemas.some((each) => each.safeParse(text).success),
  }));
}

function walk(schema: z.ZodType, path: string, found: Map<string, z.ZodType[]>): void {
  const { def } = schema as unknown as { def: Record<string, unknown> & { type: string } };
  const inside = (value: unknown, at: string): void => walk(value as z.ZodType, at, found);
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
  switch (def.type) {
    case 'object':
      for (const [name, field] of Object.entries(def.shape as JsonSchema)) inside(field, below(name));
      return;
    case 'array':
      inside(def.element, below('*'));
      return;
    case 'tuple':
      for (const item of def.items as unknown[]) inside(item, below('*'));
      return;
    case 'record':
      inside(def.keyType, below('KEY'));
      inside(def.valueType, below('*'));
      return;
    case 'union':
      for (const option of def.options as unknown[]) inside(option, path);
      return;
    case 'intersection':
      inside(def.left, path);
      inside(def.right, path);
      return;
    case 'pipe':
      inside(def.in, path);
      return;
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      inside(def.innerType, path);
      return;
    case 'string':
      found.set(path, [...(found.get(path) ?? []), schema]);
      return;
    default:
      if (!['number', 'boolean', 'enum', 'literal', 'null', 'custom'].includes(def.type))
        throw new Error(`${path}: what a ${def.type} holds is not looked at`);
  }
}
