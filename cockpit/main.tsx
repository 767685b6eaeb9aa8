import { render } from 'ink';
import { type CopyNote, clipboardRoute, clipboardSequence, createAskTmux } from './client/clipboard.ts';
import { createEffectRunner } from './client/effects.ts';
import { createGatedStdout } from './client/gated-stdout.ts';
import { createLogFeed } from './client/log-feed.ts';
import type { MasterClient } from './client/master-client.ts';
import { createMouse, withoutMouse } from './client/mouse.ts';
import { createPresenceWatch } from './client/presence-watch.ts';
import { type EndSignal, listenToProcess, type ProcessEvents } from './client/process-events.ts';
import { createScreenWriter } from './client/screen-writer.ts';
import { createTerminalHandover } from './client/terminal-handover.ts';
import { createRowSlots, RowSlotsContext } from './components/row-slots.ts';
import { createTheme, type Theme } from './components/theme.ts';
import { DEFAULT_SETTINGS, type Settings } from './config/settings.ts';
import { type LoadedSettings, loadSettings, saveSettings, settingsFileOf } from './config/settings-file.ts';
import { isAsciiLocale } from './format/ascii.ts';
import { resolveKey } from './keymap/resolve.ts';
import { chooseLanguage, type Language } from './language/language.ts';
import { loadTranslate } from './language/translate.ts';
import { CockpitScreen } from './screens/cockpit-screen.tsx';
import { initialState } from './store/initial.ts';
import type { CockpitState, Size } from './store/state.ts';
import { type CockpitStore, createStore } from './store/store.ts';
import { activityOf } from './view-model/activity.ts';

/** Why the cockpit was left. */
export type CockpitExit =
  | { readonly reason: 'quit' }
  /** Another master was chosen by its name in the config file. */
  | { readonly reason: 'context'; readonly name: string; readonly context: Settings['contexts'][string] }
  /** Told to end, or its terminal went away (`SIGHUP`). */
  | { readonly reason: 'signal'; readonly signal: EndSignal };

export interface CockpitOptions {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly client: MasterClient;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly cwd?: string;
  readonly processEvents?: ProcessEvents;
  /** Stops the job, as Ctrl-Z does; by default its process group. */
  readonly stopJob?: () => void;
  readonly isReadOnly?: boolean | undefined;
  readonly isAscii?: boolean | undefined;
  /** Of the texts, by name; without it, the settings and the locale decide. */
  readonly language?: string | undefined;
  /** What went wrong before, for people. */
  readonly problems?: readonly string[];
}

const TICK_MS = 1000;
/** A terminal that has not taken the last words by then will not: whoever ended the cockpit is not kept waiting. */
const LAST_WORDS_MS = 2000;
const NOT_LOADED: LoadedSettings = { settings: DEFAULT_SETTINGS, problem: null, isFirst: false };

/**
 * The cockpit on a terminal until somebody leaves it. The client stays open; whoever made it closes it.
 *
 * @returns once the terminal is as it was before
 * @throws what went wrong inside, once the terminal can show it
 */
export async function runCockpit(options: CockpitOptions): Promise<CockpitExit> {
  const {
    stdin,
    client,
    env,
    clock = Date.now,
    cwd = process.cwd(),
    processEvents = process as ProcessEvents,
  } = options;
  const file = settingsFileOf(env);
  const loaded = file === null ? NOT_LOADED : loadSettings(file);
  const t = await loadTranslate(languageOf(options, loaded.settings));
  const terminal = options.stdout as NodeJS.WriteStream;
  const gate = createGatedStdout(terminal, () => store.drained());
  const stdout = gate.stream;
  const sizeOf = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const ended = Promise.withResolvers<CockpitExit>();

  const runner = createEffectRunner({
    client,
    dispatch: (action, urgency) => store.dispatch(action, urgency),
    runLog: (effect) => logFeed.run(effect),
    saveSettings: (settings) => {
      if (file !== null && loaded.problem === null) saveSettings(file, settings);
    },
    exit: () => ended.resolve({ reason: 'quit' }),
    suspend: () => void handover.suspend().catch(ended.reject),
    edit: (text, name) => handover.edit(text, name),
    copy: (text) => copy(text),
    switchContext: (name) => {
      const context = store.state().settings.contexts[name];
      if (context !== undefined) ended.resolve({ reason: 'context', name, context });
    },
    cwd,
  });
  const store: CockpitStore = createStore({
    initial: initialState({
      t,
      url: client.url,
      link: client.link(),
      size: sizeOf(),
      now: clock(),
      settings: loaded.settings,
      ...(file !== null && { settingsFile: file }),
      isReadOnly: options.isReadOnly ?? loaded.settings.readOnly,
      isTouring: loaded.isFirst && !loaded.settings.toured,
      problems: [...(options.problems ?? []), ...(loaded.problem === null ? [] : [loaded.problem])],
    }),
    clock,
    run: runner.run,
    canPaint: gate.isOpen,
    fail: ended.reject,
  });

  const copy = async (text: string): Promise<CopyNote> => {
    const route = await clipboardRoute(env, createAskTmux(env));
    stdout.write(clipboardSequence(text, route));
    return route === 'plain' ? '' : ' (handed on by the multiplexer)';
  };
  const logFeed = createLogFeed({
    read: (request) => client.call('log.read', request),
    search: (request) => client.call('log.search', request),
    runs: async ({ instanceId }) => (await client.call('log.runs', { instanceId })).runs,
    files: async ({ instanceId }) => (await client.call('log.files', { instanceId })).files,
    copy,
    cwd,
    dispatch: (action) => store.dispatch({ type: 'log', action }, 'data'),
    clock,
  });

  const onResize = (): void => store.dispatch({ type: 'resize', size: sizeOf() }, 'key');
  const mouse = createMouse(stdout, loaded.settings.mouse);
  const handover = createTerminalHandover({
    env,
    mouse,
    stopJob: options.stopJob ?? (() => process.kill(0, 'SIGTSTP')),
    processEvents,
    onBack: onResize,
  });
  const unlistenProcess = listenToProcess(processEvents, {
    onSignal: (signal) => {
      if (signal !== 'SIGINT' || !handover.isEditing()) ended.resolve({ reason: 'signal', signal });
    },
    onError: ended.reject,
  });
  const onHangup = (): void => ended.resolve({ reason: 'signal', signal: 'SIGHUP' });
  stdout.on('resize', onResize);
  stdout.on('error', onHangup);
  stdin.on('end', onHangup);
  const unlisten = client.listen({
    onLink: (link) => store.dispatch({ type: 'link', link }, 'data'),
    // The picture that somebody waits for since the start, or since the line came back.
    onSnapshot: (snapshot) => store.dispatch({ type: 'snapshot', snapshot }, 'key'),
    onFrame: (frame) => store.dispatch({ type: 'frame', frame }, 'data'),
    onRollout: (rollout) => store.dispatch({ type: 'rollout', rollout }, 'data'),
    onEvents: (events) => store.dispatch({ type: 'events', events, whole: false }, 'data'),
  });
  const presence = createPresenceWatch({
    client,
    onSessions: (sessions, selfId) =>
      store.dispatch(
        { type: 'insight', action: { type: 'sessions', sessions, ...(selfId !== undefined && { selfId }) } },
        'data',
      ),
  });
  const look = (): void => presence.look(activityOf(store.shown()));
  look();
  const unlook = store.subscribe(look);
  const ticker = setInterval(() => store.dispatch({ type: 'tick' }, 'data'), TICK_MS);

  const keyboard = loaded.settings.mouse
    ? withoutMouse(stdin as NodeJS.ReadStream, (press) => {
        const action = resolveKey(store.state(), press);
        if (action !== null) store.dispatch(action, 'key');
      })
    : (stdin as NodeJS.ReadStream);
  const themes = createThemes(env, options.isAscii);
  const slots = createRowSlots(() => writer.changed());
  const writer = createScreenWriter(stdout, slots.rowOf);
  const screen = (
    <RowSlotsContext value={slots}>
      <CockpitScreen store={store} themeOf={themes} onSuspendable={handover.onSuspendable} />
    </RowSlotsContext>
  );
  const ink = render(screen, {
    stdin: keyboard,
    stdout: writer.stream,
    stderr: writer.stream,
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    // Each frame is given as it is, for the writer to find what differs; the store says how often.
    debug: true,
    // A terminal is a terminal, also where a CI variable is set.
    interactive: true,
  });
  mouse.on();
  const broken = ink.waitUntilExit().then(
    () => ended.resolve({ reason: 'quit' }),
    (error: unknown) => ended.reject(error),
  );
  client.watch({ kind: 'all' });
  runner.run({ type: 'load-services' });

  try {
    return await ended.promise;
  } finally {
    clearInterval(ticker);
    unlisten();
    unlook();
    presence.close();
    stdout.off('resize', onResize);
    stdin.off('end', onHangup);
    store.close();
    runner.close();
    logFeed.close();
    gate.release();
    mouse.off();
    ink.unmount();
    await within(broken, LAST_WORDS_MS);
    stdout.off('error', onHangup);
    unlistenProcess();
  }
}

async function within(what: Promise<void>, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timeoutMs);
  await Promise.race([what, late.promise]);
  clearTimeout(timer);
}

/** A terminal that shows nothing but ASCII can be asked for Chinese, and gets English without being asked. */
function languageOf(
  { env, language, isAscii }: CockpitOptions,
  { language: setting, ascii }: Settings,
): Language {
  const isPlain = isAscii ?? ascii ?? isAsciiLocale(env);
  return chooseLanguage({ option: language, setting, env: isPlain ? {} : env });
}

/** The theme of a state, made once as long as it is the same. */
function createThemes(
  env: CockpitOptions['env'],
  isAscii: boolean | undefined,
): (state: CockpitState) => Theme {
  let made: { readonly key: string; readonly theme: Theme } | null = null;
  return ({ settings }) => {
    const ascii = isAscii ?? settings.ascii;
    const key = `${settings.theme} ${ascii}`;
    if (made?.key !== key) made = { key, theme: createTheme(env, { name: settings.theme, isAscii: ascii }) };
    return made.theme;
  };
}
