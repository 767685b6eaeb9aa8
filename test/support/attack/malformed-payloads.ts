import * as z from 'zod';
import type { Random } from '../random.ts';
import { HOSTILE_KEYS, HOSTILE_VALUES, INFINITE } from './hostile-values.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** What texts with a pattern are tried with. */
const TEXTS = [
  ...['a', '0'.repeat(64), '00000000-0000-4000-8000-000000000000', '1%', '/a', 'a.b', '', 'agent'],
] as const;

/** Payloads of one message: near enough to right ones to reach everything that looks at them, and wrong at one place or a few. */
export interface PayloadSource {
  /** A payload with all its fields, as its schema describes it. */
  whole(): unknown;
  /** JSON of what may be anything. */
  next(): string;
}

/** Made of the message's own schema, so that no field of a new one is forgotten. */
export function createPayloadSource(schema: z.ZodType, random: Random): PayloadSource {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;

  const example = (of: JsonSchema): unknown => {
    const choices = (of.anyOf ?? of.oneOf) as JsonSchema[] | undefined;
    if (choices !== undefined) return example(one(choices));
    if (Array.isArray(of.allOf))
      return Object.assign({}, ...of.allOf.map((each) => example(each as JsonSchema)));
    if ('const' in of) return of.const;
    if (Array.isArray(of.enum)) return one(of.enum);
    if (of.type === 'object') return exampleObject(of);
    if (of.type === 'array') return exampleArray(of);
    if (of.type === 'string') return exampleText(of);
    if (of.type === 'boolean') return random.below(2) === 0;
    if (of.type === 'null') return null;
    return Math.max(1, Number(of.minimum ?? 1));
  };
  const exampleObject = ({ properties = {}, additionalProperties }: JsonSchema): object => {
    const fields = Object.entries(properties as Record<string, JsonSchema>);
    const made = fields.map(([name, field]): [string, unknown] => [name, example(field)]);
    if (typeof additionalProperties === 'object' && additionalProperties !== null)
      made.push(['KEY', example(additionalProperties as JsonSchema)]);
    return Object.fromEntries(made);
  };
  const exampleArray = ({ items, prefixItems }: JsonSchema): unknown[] => {
    if (Array.isArray(prefixItems)) return prefixItems.map((each) => example(each as JsonSchema));
    return [example((items ?? {}) as JsonSchema)];
  };
  const exampleText = ({ pattern, minLength = 0 }: JsonSchema): string => {
    const shape = new RegExp(typeof pattern === 'string' ? pattern : '', 'u');
    return TEXTS.find((text) => shape.test(text) && text.length >= Number(minLength)) ?? 'a';
  };

  /** Another value at some place in it, which may be the whole. */
  const spoil = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || random.below(4) === 0) return one(HOSTILE_VALUES);
    if (Array.isArray(value)) return spoilArray(value);
    const fields = Object.entries(value);
    const at = random.below(fields.length + 1);
    const [name, field] = fields[at] ?? [];
    if (name === undefined || random.below(8) === 0)
      return withKey(fields, one(HOSTILE_KEYS), one(HOSTILE_VALUES));
    if (random.below(8) === 0) return Object.fromEntries(fields.filter(([key]) => key !== name));
    return { ...value, [name]: spoil(field) };
  };
  const spoilArray = (values: readonly unknown[]): unknown[] => {
    const at = random.below(values.length + 1);
    return at === values.length ? [...values, one(HOSTILE_VALUES)] : values.with(at, spoil(values[at]));
  };
  /** As an own property, also where the name is `__proto__`. */
  const withKey = (fields: readonly [string, unknown][], name: string, value: unknown): object =>
    Object.defineProperty(Object.fromEntries(fields), name, { value, enumerable: true, configurable: true });

  return {
    whole: () => example(json),
    next() {
      let made = spoil(example(json));
      while (random.below(3) === 0) made = spoil(made);
      return (JSON.stringify(made) ?? 'null').replaceAll(`"${INFINITE}"`, '1e999');
    },
  };
}
