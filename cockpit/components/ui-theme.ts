import { defaultTheme, extendTheme, type Theme as UiTheme } from '@inkjs/ui';

/**
 * The look of @inkjs/ui's components: ASCII for its box-drawing and block characters, whose width is ambiguous
 * (UAX 11), and no colours of its own with `NO_COLOR`, which chalk does not know.
 */
export function createUiTheme(hasColours: boolean): UiTheme {
  const colour = (name: string): { color?: string } => (hasColours ? { color: name } : {});
  const byVariant = { info: 'cyan', success: 'green', warning: 'yellow', error: 'red' } as const;
  const icons = { info: 'i', success: 'ok', warning: '!', error: '!!' } as const;
  type Variant = keyof typeof byVariant;
  return extendTheme(defaultTheme, {
    components: {
      Spinner: {
        styles: { container: () => ({ gap: 1 }), frame: () => colour('cyan'), label: () => ({}) },
      },
      ProgressBar: {
        styles: {
          container: () => ({ flexGrow: 1, minWidth: 0 }),
          completed: () => colour('cyan'),
          remaining: () => ({ dimColor: true }),
        },
        config: () => ({ completedCharacter: '#', remainingCharacter: '-' }),
      },
      Alert: {
        styles: {
          container: ({ variant }: { variant: Variant }) => ({
            flexGrow: 1,
            borderStyle: 'classic',
            gap: 1,
            paddingX: 1,
            ...(hasColours ? { borderColor: byVariant[variant] } : {}),
          }),
          iconContainer: () => ({ flexShrink: 0 }),
          icon: ({ variant }: { variant: Variant }) => ({ bold: true, ...colour(byVariant[variant]) }),
          content: () => ({ flexShrink: 1, flexGrow: 1, minWidth: 0, flexDirection: 'column' }),
          title: () => ({ bold: true }),
          message: () => ({ bold: true, wrap: 'truncate' }),
        },
        config: ({ variant }: { variant: Variant }) => ({ icon: icons[variant] }),
      },
    },
  });
}
