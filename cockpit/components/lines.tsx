import { Text } from 'ink';
import { memo, type ReactElement, useContext, useEffect, useMemo, useState } from 'react';
import type { Line } from '../view-model/line.ts';
import { type RowSlots, RowSlotsContext } from './row-slots.ts';
import type { Theme } from './theme.ts';

/** One row, painted before Ink sees it: one text node costs a fraction of a box per cell (MODELS.md has the figures). */
const Row = memo(function Row({ painted }: { painted: string }): ReactElement {
  return <Text wrap="truncate">{painted}</Text>;
});

/** One row that Ink knows by a token only: what it gives to Ink never changes. */
const SlotRow = memo(function SlotRow({
  slots,
  painted,
}: {
  slots: RowSlots;
  painted: string;
}): ReactElement {
  const [token] = useState(() => slots.claim());
  useEffect(() => () => slots.release(token), [slots, token]);
  slots.put(token, painted);
  return useMemo(() => <Text wrap="truncate">{token}</Text>, [token]);
});

/** Lines of a view-model, each filled to the full width. They begin at the left edge of the screen. */
export function Lines({
  lines,
  columns,
  theme,
}: {
  lines: readonly Line[];
  columns: number;
  theme: Theme;
}): ReactElement {
  const slots = useContext(RowSlotsContext);
  return (
    <>
      {lines.map((line, at) => {
        const painted = theme.paintLine(line, columns);
        return slots === null ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is what stays; what it shows moves through it
          <Row key={at} painted={painted} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <SlotRow key={at} slots={slots} painted={painted} />
        );
      })}
    </>
  );
}
