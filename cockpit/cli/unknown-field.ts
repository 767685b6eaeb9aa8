/**
 * Path of the first field that a schema did not know and so left out of what it made of `raw`; undefined when it took all.
 * Typed by hand, such a field is a mistake: left out in silence, the value that was meant would be the default.
 */
export function unknownField(raw: unknown, parsed: unknown): (string | number)[] | undefined {
  if (typeof raw !== 'object' || raw === null || typeof parsed !== 'object' || parsed === null)
    return undefined;
  for (const [name, value] of Object.entries(raw)) {
    const key = Array.isArray(raw) ? Number(name) : name;
    if (!Object.hasOwn(parsed, key)) return [key];
    const below = unknownField(value, (parsed as Record<string, unknown>)[key]);
    if (below !== undefined) return [key, ...below];
  }
  return undefined;
}
