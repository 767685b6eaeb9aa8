import { type Said, saidFieldSchema } from '../../common/domain/said.ts';

/** Facts of a text as a column holds them. */
export function saidToJson(facts: Said | undefined): string | null {
  return facts === undefined ? null : JSON.stringify(facts);
}

/** Nothing for facts that cannot be read: the English text beside them is whole, and an event or a rollout is worth more. */
export function saidOfJson(json: string | null): Said | undefined {
  return json === null ? undefined : saidFieldSchema.parse(JSON.parse(json));
}
