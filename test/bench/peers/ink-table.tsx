import { Box, render, Text, useInput } from 'ink';
import { type ReactElement, useEffect, useState } from 'react';

/** Bare Ink with a table that fills the screen: one text a row, figures of each row new each second, `j` scrolls by one. */
const ROWS = 48;
const TICK_MS = 1000;

function rowText(row: number, second: number): string {
  const figure = (salt: number): string => String((row * 7919 + second * 104_729 + salt) % 1000).padStart(5);
  return `  \x1b[32mrunning\x1b[0m  \x1b[1mservice-${row}\x1b[0m  1.4.2  ${10_000 + row}  ${20_000 + row}${figure(1)}${figure(2)}${figure(3)}  1h00m  0  -`;
}

function Table(): ReactElement {
  const [top, setTop] = useState(0);
  const [second, setSecond] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSecond((before) => before + 1), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  useInput((input) => {
    if (input === 'j') setTop((before) => before + 1);
  });
  return (
    <Box flexDirection="column">
      <Text>{`top ${top}`}</Text>
      {Array.from({ length: ROWS }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is what stays
        <Text key={at} wrap="truncate">
          {rowText(top + at, second)}
        </Text>
      ))}
    </Box>
  );
}

render(<Table />, { incrementalRendering: true, alternateScreen: true, maxFps: 60 });
