// How the console looks: the toolkit's defaults, with enough contrast for everybody (WCAG AA, which a test checks in both schemes).

import { createTheme, type CSSVariablesResolver, type MantineThemeOverride } from '@mantine/core'

export const theme: MantineThemeOverride = createTheme({
  primaryColor: 'indigo',
  // White on the toolkit's shade 6 is below 4.5:1.
  primaryShade: { light: 7, dark: 8 },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  components: {
    Modal: { styles: { title: { fontWeight: 650 } } },
    ModalCloseButton: { defaultProps: { 'aria-label': 'Close' } },
  },
})

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636a',
    '--mantine-color-placeholder': '#6c747c',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-body': '#ffffff',
  },
  dark: {
    '--mantine-color-dimmed': '#a6a9b0',
    '--mantine-color-placeholder': '#9a9da5',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-body': '#1a1b1e',
    '--mantine-color-anchor': '#91a7ff',
  },
})
