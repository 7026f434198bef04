// The few pictures of the console, drawn for it: lines on a grid of 24, in the colour of the text. Decoration only; what can be pressed
// has a name of its own.

import type { ReactNode } from 'react'

const SHAPES = {
  alert: 'M12 4 21 20H3zM12 10v4M12 17v.1',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9zM5 15V4h11',
  download: 'M12 4v11M7 10l5 5 5-5M5 20h14',
  edit: 'M4 20h4L20 8l-4-4L4 16z',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  history: 'M4 5v5h5M4.7 10a8 8 0 1 1-.7 4M12 8v4l3 2',
  key: 'M12 15a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM11 12l9-9M16 7l3 3',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  moon: 'M20 14.5A8 8 0 1 1 9.5 4 6.5 6.5 0 0 0 20 14.5z',
  more: 'M5 12v.1M12 12v.1M19 12v.1',
  move: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  pause: 'M9 5v14M15 5v14',
  play: 'M8 5l11 7-11 7z',
  plus: 'M12 5v14M5 12h14',
  search: 'M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM15.5 15.5 20 20',
  signOut: 'M10 5H5v14h5M15 8l4 4-4 4M19 12H9',
  sun: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.5 8.5v.1',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  upload: 'M12 16V5M7 10l5-5 5 5M5 20h14',
} as const

export type IconName = keyof typeof SHAPES

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={SHAPES[name]} />
    </svg>
  )
}

/** Two wings, one above the other: two planes. */
export function Mark({ size = 26 }: { readonly size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" strokeLinecap="round" aria-hidden="true">
      <path d="M3 7h18M3 17h18" stroke="var(--mantine-color-anchor)" strokeWidth="3.4" />
      <path d="M8 7v10M16 7v10M12 10v4" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  )
}
