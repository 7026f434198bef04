// From where a request comes from to the cell nearest to it. Cloudflare tells the place of every request; its location hints are regions
// of the world, each stood for here by some of its cities. Pure, and asked at creations only.

import { placeOf, type CellTable } from '../identity/cell.ts'

/** What `request.cf` tells of a place; texts, or nothing. Other engines tell nothing. */
export interface RequestPlace {
  /** `EU`, `NA` ... */
  readonly continent?: unknown
  /** ISO 3166-1; `T1` = Tor, whose exit says nothing about the user; `XX` = unknown. */
  readonly country?: unknown
  /** ISO 3166-2 without the country: `OR`. */
  readonly regionCode?: unknown
  readonly latitude?: unknown
  readonly longitude?: unknown
}

type Point = readonly [latitude: number, longitude: number]

/**
 * Large cities of each region: in which of them objects are the platform does not tell, and changes. A hint that contains others has
 * their cities, too; of hints that are equally near, the one that is declared first here is taken, so the narrower come first.
 */
const CITIES: Readonly<Record<string, readonly Point[]>> = {
  // San Francisco, Los Angeles, Seattle, Denver
  wnam: [at(37.8, -122.4), at(34.1, -118.2), at(47.6, -122.3), at(39.7, -105)],
  // New York, Ashburn, Chicago, Atlanta, Dallas, Miami
  enam: [at(40.7, -74), at(39, -77.5), at(41.9, -87.6), at(33.7, -84.4), at(32.8, -96.8), at(25.8, -80.2)],
  // São Paulo, Buenos Aires, Santiago, Lima
  sam: [at(-23.6, -46.6), at(-34.6, -58.4), at(-33.4, -70.7), at(-12, -77)],
  // London, Paris, Frankfurt, Madrid, Milan, Stockholm
  weur: [at(51.5, -0.1), at(48.9, 2.4), at(50.1, 8.7), at(40.4, -3.7), at(45.5, 9.2), at(59.3, 18.1)],
  // Warsaw, Vienna, Bucharest, Kyiv, Moscow
  eeur: [at(52.2, 21), at(48.2, 16.4), at(44.4, 26.1), at(50.5, 30.5), at(55.8, 37.6)],
  // Tokyo, Seoul, Taipei
  'apac-ne': [at(35.7, 139.7), at(37.6, 127), at(25, 121.5)],
  // Singapore, Jakarta, Manila, Bangkok
  'apac-se': [at(1.4, 103.8), at(-6.2, 106.8), at(14.6, 121), at(13.8, 100.5)],
  // Those of both, and Hong Kong
  apac: [
    at(35.7, 139.7),
    at(37.6, 127),
    at(25, 121.5),
    at(1.4, 103.8),
    at(-6.2, 106.8),
    at(14.6, 121),
    at(13.8, 100.5),
    at(22.3, 114.2),
  ],
  // Sydney, Auckland, Perth
  oc: [at(-33.9, 151.2), at(-36.8, 174.8), at(-32, 115.9)],
  // Johannesburg, Lagos, Nairobi
  afr: [at(-26.2, 28), at(6.5, 3.4), at(-1.3, 36.8)],
  // Dubai, Riyadh, Tel Aviv
  me: [at(25.2, 55.3), at(24.7, 46.7), at(32.1, 34.8)],
}

/** Where most people of a continent are, for requests whose place is known no better. */
const CONTINENTS: Readonly<Record<string, Point>> = {
  EU: at(50.1, 8.7),
  NA: at(39, -77.5),
  SA: at(-23.6, -46.6),
  AS: at(1.4, 103.8),
  OC: at(-33.9, 151.2),
  AF: at(-26.2, 28),
}

/** Countries for which their continent's point would be wrong, by a city of the region that is nearest to them. */
const COUNTRIES: ReadonlyMap<string, Point> = new Map([
  ...of(at(52.2, 21), 'PL CZ SK HU RO BG MD UA BY LT LV EE RS BA ME MK AL XK GR CY HR SI'),
  ...of(at(55.8, 37.6), 'RU KZ GE AM AZ'),
  ...of(at(25.2, 55.3), 'AE OM QA BH KW SA YE IR IQ'),
  ...of(at(32.1, 34.8), 'IL PS JO LB SY TR EG'),
  ...of(at(40.4, -3.7), 'ES PT MA DZ TN'),
  ...of(at(35.7, 139.7), 'JP KR KP MN'),
  ...of(at(22.3, 114.2), 'CN HK MO TW'),
  ...of(at(28.6, 77.2), 'IN PK BD NP LK BT MV AF'),
  ...of(at(6.5, 3.4), 'NG GH CI SN BJ TG CM ML BF NE'),
  ...of(at(-1.3, 36.8), 'KE UG TZ RW ET SO SD'),
])

/** States and provinces at the Pacific and in the mountains. */
const WESTERN_REGIONS: ReadonlyMap<string, Point> = new Map([
  ...of(at(37.8, -122.4), 'US-CA US-OR US-WA US-NV US-ID US-AK US-HI CA-BC CA-YT'),
  ...of(at(39.7, -105), 'US-CO US-UT US-AZ US-NM US-WY US-MT CA-AB'),
])

/**
 * The cell nearest to a request among those that have a location hint, by great circles: from the request's coordinates, or else from a
 * city that stands for its region, country or continent.
 *
 * A jurisdiction is a legal choice: a cell that has one is chosen by name and never by nearness.
 *
 * @param own the configured cell: wins over others at the same distance
 * @returns undefined when nothing is known about the place, or no cell has a hint
 */
export function nearestCell(cells: CellTable, own: string, place: RequestPlace | undefined): string | undefined {
  const from = place && pointOf(place)
  if (from === undefined) return undefined
  const candidates = [own, ...Object.keys(cells)]
    .map((code) => ({ code, hint: hintOf(cells, code) }))
    .filter((cell): cell is { code: string; hint: string } => cell.hint !== undefined)
  let nearest: { readonly code: string; readonly distance: number } | undefined
  for (const [hint, cities] of Object.entries(CITIES)) {
    const candidate = candidates.find((cell) => cell.hint === hint)
    if (candidate === undefined) continue
    const distance = Math.min(...cities.map((city) => angleBetween(from, city)))
    if (nearest === undefined || distance < nearest.distance) nearest = { code: candidate.code, distance }
  }
  return nearest?.code
}

function hintOf(cells: CellTable, code: string): string | undefined {
  const place = placeOf(cells, code)
  return place?.jurisdiction === undefined ? place?.hint : undefined
}

function pointOf({ continent, country, regionCode, latitude, longitude }: RequestPlace): Point | undefined {
  if (country === 'T1') return undefined
  const [north, east] = [toDegrees(latitude, 90), toDegrees(longitude, 180)]
  if (north !== undefined && east !== undefined) return [north, east]
  const region = WESTERN_REGIONS.get(`${String(country)}-${String(regionCode)}`)
  return region ?? COUNTRIES.get(String(country)) ?? pointOfContinent(String(continent))
}

function pointOfContinent(continent: string): Point | undefined {
  return Object.hasOwn(CONTINENTS, continent) ? CONTINENTS[continent] : undefined
}

function toDegrees(text: unknown, most: number): number | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  const degrees = Number(text)
  return Math.abs(degrees) <= most ? degrees : undefined
}

/** In radians, on a sphere; the haversine formula, which is exact for near points, too. */
function angleBetween([north1, east1]: Point, [north2, east2]: Point): number {
  const [a, b] = [toRadians(north1), toRadians(north2)]
  const half = Math.sin((b - a) / 2) ** 2
  const across = Math.cos(a) * Math.cos(b) * Math.sin(toRadians(east2 - east1) / 2) ** 2
  return 2 * Math.asin(Math.min(1, Math.sqrt(half + across)))
}

function toRadians(degrees: number): number {
  return (degrees * Math.PI) / 180
}

function at(latitude: number, longitude: number): Point {
  return [latitude, longitude]
}

function of(point: Point, codes: string): [string, Point][] {
  return codes.split(' ').map((code) => [code, point])
}
