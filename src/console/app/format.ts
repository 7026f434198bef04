// Numbers and times, as people say them, in the browser's own language.

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 3_600],
  ['month', 30 * 24 * 3_600],
  ['day', 24 * 3_600],
  ['hour', 3_600],
  ['minute', 60],
]

/** `5 minutes ago`, `in 7 days`. */
export function formatRelative(time: string, nowMs: number = Date.now()): string {
  const seconds = Math.round((Date.parse(time) - nowMs) / 1000)
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? []
  return unit === undefined || size === undefined ? 'just now' : relative.format(Math.trunc(seconds / size), unit)
}

export function formatTime(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/** `1.4 MB`: powers of ten, as file managers and browsers count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const exponent = Math.min(Math.floor(Math.log10(bytes) / 3), 4)
  const value = bytes / 1000 ** exponent
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${['', 'kB', 'MB', 'GB', 'TB'][exponent]}`
}

/** A file name that every system takes. */
export function toFileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N} ._-]+/gu, '-').slice(0, 80)
}

/** `wiki` -> `Wiki`. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
