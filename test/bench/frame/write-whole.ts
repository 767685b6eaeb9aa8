import { renameSync, statSync, writeFileSync } from 'node:fs';

/**
 * Puts a text in a file, at once and whole: whoever is killed in the middle leaves the one that was there. What is no regular
 * file, such as `/dev/stdout`, is written to.
 */
export function writeWhole(file: string, text: string): void {
  if (!(statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)) {
    writeFileSync(file, text);
    return;
  }
  const next = `${file}.new`;
  writeFileSync(next, text);
  renameSync(next, file);
}
