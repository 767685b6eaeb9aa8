import { parse as parseToml, TomlError } from 'smol-toml';
import { LineCounter, parseAllDocuments } from 'yaml';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { findJsonError } from './json-error.ts';

/** Where a text stops being what its name says. Lines and columns count from 1. */
export interface SyntaxProblem {
  format: string;
  line: number;
  column: number;
  /** In the parser's words, which may quote the text. */
  reason: string;
}

type Parser = (text: string) => Omit<SyntaxProblem, 'format'> | null;

const PARSERS: Readonly<Record<string, { format: string; parse: Parser }>> = {
  json: { format: 'JSON', parse: parseJson },
  yaml: { format: 'YAML', parse: parseYaml },
  yml: { format: 'YAML', parse: parseYaml },
  toml: { format: 'TOML', parse: parseTomlText },
  properties: { format: 'properties', parse: parseProperties },
};

/** Checks a text by the ending of its file's name; null when it is well, or nothing is known of such files. */
export function findSyntaxProblem(fileName: string, text: string): SyntaxProblem | null {
  const ending = /\.([a-z]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? '';
  const known = PARSERS[ending];
  const problem = known?.parse(text) ?? null;
  return known === undefined || problem === null ? null : { format: known.format, ...problem };
}

/**
 * @param isSecret the text holds secrets: what the parser quotes of it stays unsaid.
 * @throws SgridError with line and column: `bad_request`, and `conflict` of one with secrets, which was sound when it was set.
 */
export function demandSyntax(fileName: string, text: string, isSecret = false): void {
  const problem = findSyntaxProblem(fileName, text);
  if (problem === null) return;
  const { format, line, column, reason } = problem;
  const why = isSecret ? said`with its secrets filled in` : reason.slice(0, 1000);
  throw new SgridError(
    isSecret ? 'conflict' : 'bad_request',
    said`${fileName} is not ${format}: line ${line}, column ${column}: ${why}`,
    { hint: said`mend it, or force it (--force)` },
  );
}

function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

function parseJson(text: string): ReturnType<Parser> {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const { message } = error as SyntaxError;
    // The rest of the message is the text around it.
    const reason = message.replace(/(?:, (?:\.\.\.)?"| in JSON at | at position ).*$/s, '');
    return { ...positionAt(text, findJsonError(text)), reason };
  }
}

function parseYaml(text: string): ReturnType<Parser> {
  const lineCounter = new LineCounter();
  // The default warns on the console of what it does not know.
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  if ('empty' in documents) return null;
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (error === undefined) return null;
  const { line, col } = lineCounter.linePos(error.pos[0]);
  return { line: Math.max(1, line), column: Math.max(1, col), reason: error.message };
}

function parseTomlText(text: string): ReturnType<Parser> {
  try {
    parseToml(text);
    return null;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column, message } = error;
    // The rest of the message is the text around it.
    return { line, column, reason: message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '' };
  }
}

/** All that `java.util.Properties.load` refuses: a `\u` without four hex digits. Every other line is a key. */
function parseProperties(text: string): ReturnType<Parser> {
  for (const match of text.matchAll(/\\(?:u([0-9A-Fa-f]{4})?|[^u])/gs)) {
    if (!match[0].startsWith('\\u') || match[1] !== undefined || isComment(text, match.index)) continue;
    return { ...positionAt(text, match.index), reason: 'malformed \\uxxxx encoding' };
  }
  return null;
}

function isComment(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  return /^[ \t\f]*[#!]/.test(line);
}
