import { ThemeProvider } from '@inkjs/ui';
import { Box, type Key, useApp, useInput, usePaste } from 'ink';
import {
  createContext,
  memo,
  type ReactElement,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { Suspension } from '../client/suspend.ts';
import { Blocks } from '../components/blocks.tsx';
import { Busy } from '../components/busy.tsx';
import { Lines } from '../components/lines.tsx';
import type { Theme } from '../components/theme.ts';
import { createUiTheme } from '../components/ui-theme.ts';
import { keyPresses } from '../keymap/keys.ts';
import { isBound, resolveKey, resolvePaste } from '../keymap/resolve.ts';
import type { CockpitState } from '../store/state.ts';
import type { CockpitStore } from '../store/store.ts';
import { type Body, type Frame, frameOf, tooSmallLines } from '../view-model/frame.ts';
import { LogScreen } from './log-screen.tsx';

interface CockpitScreenProps {
  readonly store: CockpitStore;
  readonly themeOf: (state: CockpitState) => Theme;
  /** Gets the way to hand the terminal back for a while. */
  readonly onSuspendable: (leave: () => Promise<Suspension>) => void;
}

/** The whole terminal. */
export function CockpitScreen(props: CockpitScreenProps): ReactElement {
  return (
    <>
      <Keyboard store={props.store} />
      <Screen {...props} />
    </>
  );
}

/**
 * The only place that listens to keys: each goes through the key table into the reducer. By itself, since these hooks mark
 * whatever renders them as changed (React's `useEffectEvent`), and Ink then lays out the whole screen.
 */
const Keyboard = memo(function Keyboard({ store }: Pick<CockpitScreenProps, 'store'>): null {
  useInput((input: string, key: Key) => {
    const isAltBound = (name: string): boolean => isBound(store.state().bindings, name);
    for (const press of keyPresses(input, key, isAltBound)) {
      // Each against the newest state: the first key of a burst may change what the second means.
      const action = resolveKey(store.state(), press);
      if (action !== null) store.dispatch(action, 'key');
    }
  });
  usePaste((text: string) => {
    const action = resolvePaste(store.state(), text);
    if (action !== null) store.dispatch(action, 'key');
  });
  return null;
});

function Screen({ store, themeOf, onSuspendable }: CockpitScreenProps): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.shown);
  const theme = themeOf(state);
  const { suspendTerminal } = useApp();
  useEffect(() => onSuspendable(() => suspendTerminal()), [onSuspendable, suspendTerminal]);
  const uiTheme = useMemo(() => createUiTheme(theme.hasColours), [theme]);

  const { columns, rows } = state.size;
  const tooSmall = tooSmallLines(state);
  if (tooSmall !== null) {
    return (
      <Box width={columns} height={rows} flexDirection="column" overflow="hidden">
        <Lines lines={tooSmall} columns={columns} theme={theme} />
      </Box>
    );
  }
  const frame = frameOf(state);
  return (
    <ThemeProvider theme={uiTheme}>
      <ShownContext value={{ frame, state, theme }}>
        <Shell columns={columns} rows={rows} bodyRows={frame.bodyRows} />
      </ShownContext>
    </ThemeProvider>
  );
}

interface Shown {
  readonly frame: Frame;
  readonly state: CockpitState;
  readonly theme: Theme;
}

/** What the parts of the screen show: it reaches them past the boxes, which Ink would lay out anew whenever they are given new properties. */
const ShownContext = createContext<Shown | null>(null);

const Shell = memo(function Shell({
  columns,
  rows,
  bodyRows,
}: {
  columns: number;
  rows: number;
  bodyRows: number;
}): ReactElement {
  return (
    <Box width={columns} height={rows} flexDirection="column" overflow="hidden">
      <Part>
        {({ frame, state, theme }) => (
          <Lines lines={frame.header} columns={state.size.columns} theme={theme} />
        )}
      </Part>
      <Box width={columns} height={bodyRows} flexDirection="column" flexShrink={0} overflow="hidden">
        <Part>{(shown) => <BodyScreen {...shown} body={shown.frame.body} />}</Part>
      </Box>
      <Part>
        {({ frame: { status }, state, theme }) =>
          status.kind === 'busy' ? (
            <Busy text={status.text} now={state.now} />
          ) : (
            <Lines lines={status.lines} columns={state.size.columns} theme={theme} />
          )
        }
      </Part>
      <Part>
        {({ frame, state, theme }) => (
          <Lines lines={[frame.hints]} columns={state.size.columns} theme={theme} />
        )}
      </Part>
    </Box>
  );
});

function Part({ children }: { children: (shown: Shown) => ReactElement }): ReactElement | null {
  const shown = useContext(ShownContext);
  return shown === null ? null : children(shown);
}

function BodyScreen({ body, state, theme }: { body: Body; state: CockpitState; theme: Theme }): ReactElement {
  const { columns } = state.size;
  switch (body.kind) {
    case 'blocks':
      return <Blocks blocks={body.blocks} columns={columns} theme={theme} now={state.now} />;
    case 'lines':
      return <Lines lines={body.lines} columns={columns} theme={theme} />;
    case 'logs':
      return <LogScreen state={state} theme={theme} />;
  }
}
