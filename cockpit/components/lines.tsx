import { Text } from 'ink';
import { memo, type ReactElement } from 'react';
import type { Line } from '../view-model/line.ts';
import type { Theme } from './theme.ts';

/** One row, painted before Ink sees it: one text node costs a fraction of a box per cell (MODELS.md has the figures). */
const Row = memo(function Row({ painted }: { painted: string }): ReactElement {
  return <Text wrap="truncate">{painted}</Text>;
});

/** Lines of a view-model, each filled to the full width. */
export function Lines({
  lines,
  columns,
  theme,
}: {
  lines: readonly Line[];
  columns: number;
  theme: Theme;
}): ReactElement {
  return (
    <>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is what stays; what it shows moves through it
        <Row key={at} painted={theme.paintLine(line, columns)} />
      ))}
    </>
  );
}
