const SECRET_NAME = String.raw`[\w.-]*(?:secret|token|passw|password|credential|private|api[-_]?key)[\w.-]*`;

/** `"password": "x"`, `password: x`, `db.password=x`: the value of a name that says it is one. */
const ASSIGNED = new RegExp(
  String.raw`^(.*?(?:^|[\s"'{,;.+-])["']?${SECRET_NAME}["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',}][^,}]*)(.*)$`,
  'i',
);

const BY_NAME = /^["']?\$\{secret:/;

/**
 * A line of settings with `****` in the place of what looks like a secret: others may look at the screen, or at its recording.
 * What stands there by its name only (`${secret:name}`) is none.
 */
export function maskSecrets(line: string): string {
  return line.replace(ASSIGNED, (whole, head: string, value: string, rest: string) => {
    // `${secret:name}` itself is no assignment.
    if (head.endsWith('${secret:') || BY_NAME.test(value) || /^(?:true|false|null|\{|\[)/.test(value))
      return whole;
    const quote = /^["']/.exec(value)?.[0] ?? '';
    return `${head}${quote}****${quote}${rest}`;
  });
}
