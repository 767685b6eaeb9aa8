import { Spinner } from '@inkjs/ui';
import { Box } from 'ink';
import type { ReactElement } from 'react';

/** Something is under way. The spinner is ASCII and turns 7 times a second, and only while this is shown. */
export function Busy({ text }: { text: string }): ReactElement {
  return (
    <Box height={1} flexShrink={0} paddingX={1}>
      <Spinner type="line" label={text} />
    </Box>
  );
}
