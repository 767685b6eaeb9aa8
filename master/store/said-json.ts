import { type Said, saidSchema } from '../../common/domain/said.ts';

/** Facts of a text as a column holds them. */
export function saidToJson(facts: Said | undefined): string | null {
  return facts === undefined ? null : JSON.stringify(facts);
}

export function saidOfJson(json: string | null): Said | undefined {
  return json === null ? undefined : saidSchema.parse(JSON.parse(json));
}
