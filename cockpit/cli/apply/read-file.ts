import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Document, isMap, isNode, LineCounter, parseAllDocuments } from 'yaml';
import type * as z from 'zod';
import { explainFileError } from '../../../common/system/atomic-file.ts';
import { UsageError } from '../exit-code.ts';
import type { CliIo } from '../io.ts';
import { unknownField } from '../unknown-field.ts';
import { type ApplyDocument, applyDocumentSchema } from './document.ts';

/**
 * The documents of a file of YAML (or JSON, which is YAML); `-` is standard input.
 *
 * @throws UsageError naming file, line and column of the first mistake
 */
export async function readApplyFile(
  io: Pick<CliIo, 'cwd' | 'stdin'>,
  name: string,
): Promise<ApplyDocument[]> {
  const file = name === '-' ? 'standard input' : name;
  const content = name === '-' ? await text(io.stdin) : readText(resolve(io.cwd, name));
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(content, { lineCounter, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const found: ApplyDocument[] = [];
  const seen = new Map<string, string>();
  for (const document of Array.isArray(documents) ? documents : []) {
    const [mistake] = document.errors;
    if (mistake !== undefined) throw new UsageError(`${at(mistake.pos[0])}: ${mistake.message}`);
    // Between two "---" there may be nothing.
    if (document.contents === null) continue;
    const raw: unknown = document.toJS({ maxAliasCount: 100 });
    const parsed = applyDocumentSchema.safeParse(raw);
    if (!parsed.success) throw mistakeOf(document, parsed.error, at);
    const unknown = unknownField(raw, parsed.data);
    if (unknown !== undefined)
      throw new UsageError(`${at(offsetOf(document, unknown))}: ${unknown.join('.')}: is not known here`);
    const place = at(document.contents.range?.[0] ?? 0);
    const before = seen.get(parsed.data.service);
    if (before !== undefined)
      throw new UsageError(`${place}: service ${parsed.data.service} is there already, at ${before}`);
    seen.set(parsed.data.service, place);
    // As it was written: with the defaults of its parts it would say more than that.
    found.push({ ...parsed.data, spec: { ...(raw as Partial<ApplyDocument>).spec } });
  }
  if (found.length === 0) throw new UsageError(`${file} holds no document`);
  return found;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UsageError(`there is no file ${file}`, 'check the path behind -f');
    throw explainFileError(error, file);
  }
}

function mistakeOf(document: Document, error: z.ZodError, at: (offset: number) => string): UsageError {
  const [issue] = error.issues;
  const path = (issue?.path ?? []).map((part) => (typeof part === 'symbol' ? String(part) : part));
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const full = unknown === undefined ? path : [...path, unknown];
  const message =
    unknown === undefined
      ? (issue?.message ?? 'is wrong').replace(/^Invalid input: /, '')
      : 'is not known here';
  const what = full.length === 0 ? '' : `${full.join('.')}: `;
  return new UsageError(`${at(offsetOf(document, full))}: ${what}${message}`);
}

/** Where the value at this path begins, its key where there is one; else where the nearest thing around it does. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const holder = length === 1 ? document.contents : parent;
    const name = path[length - 1];
    const pair = isMap(holder)
      ? holder.items.find(({ key }) => isNode(key) && String(key.toJS(document)) === String(name))
      : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
