import { Alert, ProgressBar } from '@inkjs/ui';
import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import type { Block } from '../view-model/dialog.ts';
import { Busy } from './busy.tsx';
import { DataTable } from './data-table.tsx';
import { Lines } from './lines.tsx';
import type { Theme } from './theme.ts';

/** The pieces of a page that asks or reports something, top to bottom. */
export function Blocks({
  blocks,
  columns,
  theme,
  now,
}: {
  blocks: readonly Block[];
  columns: number;
  theme: Theme;
  /** Milliseconds since the epoch. */
  now: number;
}): ReactElement {
  return (
    <>
      {blocks.map((block, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place on the page
        <OneBlock key={at} block={block} columns={columns} theme={theme} now={now} />
      ))}
    </>
  );
}

function OneBlock({
  block,
  columns,
  theme,
  now,
}: {
  block: Block;
  columns: number;
  theme: Theme;
  now: number;
}): ReactElement {
  switch (block.kind) {
    case 'lines':
      return <Lines lines={block.lines} columns={columns} theme={theme} />;
    case 'table':
      return <DataTable table={block.table} theme={theme} />;
    case 'busy':
      return <Busy text={block.text} now={now} />;
    case 'alert':
      return (
        <Box height={3} flexShrink={0} width={columns}>
          <Alert variant={block.variant}>{block.text}</Alert>
        </Box>
      );
    case 'progress':
      return (
        <Box height={1} flexShrink={0} width={columns} paddingX={1} gap={1}>
          <Box width={Math.min(50, Math.floor(columns / 2))}>
            <ProgressBar value={block.percent} />
          </Box>
          <Text wrap="truncate">{`${block.percent}%  ${block.text}`}</Text>
        </Box>
      );
  }
}
