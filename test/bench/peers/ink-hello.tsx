import { render, Text } from 'ink';

/** The least that Ink can show. */
render(<Text>hello from Ink</Text>);
