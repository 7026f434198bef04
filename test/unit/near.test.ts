// From the place of a request to the nearest cell.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestCell, type RequestPlace } from '../../src/edge/near.ts'
import { ALL_HINTS as ALL } from '../../dist/engine/wrangler-config.js'
import { JURISDICTIONS, LOCATION_HINTS, checkCellTable, type CellTable } from '../../src/identity/cell.ts'
import { ROOT } from '../support/server.ts'

/** The regions that have data centres for objects everywhere; the other hints lead to one of them. */
const FEW: CellTable = Object.fromEntries(['wnam', 'enam', 'weur', 'apac', 'oc'].map((hint) => [hint, { hint }]))

const at = (latitude: number, longitude: number): RequestPlace => ({
  latitude: String(latitude),
  longitude: String(longitude),
})

test('[CE1] [CD2] hints and jurisdictions are those of the platform, and every hint is somewhere', () => {
  const types = readFileSync(join(ROOT, 'node_modules/@cloudflare/workers-types/index.d.ts'), 'utf8')
  const textsOf = (name: string): string[] => {
    const declared = new RegExp(`^type ${name} =([^;]+);`, 'm').exec(types)?.[1] ?? ''
    return Array.from(declared.matchAll(/"([a-z-]+)"/g), ([, text = '']) => text).toSorted()
  }
  expect(LOCATION_HINTS.toSorted()).toEqual(textsOf('DurableObjectLocationHint'))
  expect(JURISDICTIONS.toSorted()).toEqual(textsOf('DurableObjectJurisdiction'))
  expect(checkCellTable(ALL)).toBe(ALL)
  const places = [at(51.5, -0.1), at(-33.9, 151.2)]
  for (const [code, place] of Object.entries(ALL))
    for (const from of places) expect(nearestCell({ [code]: place }, '', from)).toBe(code)
})

describe('by coordinates', () => {
  test.each([
    ['London', 51.51, -0.13, 'weur', 'weur'],
    ['Dublin', 53.35, -6.26, 'weur', 'weur'],
    ['Lisbon', 38.72, -9.14, 'weur', 'weur'],
    ['Paris', 48.86, 2.35, 'weur', 'weur'],
    ['Amsterdam', 52.37, 4.9, 'weur', 'weur'],
    ['Zürich', 47.37, 8.54, 'weur', 'weur'],
    ['Rome', 41.9, 12.5, 'weur', 'weur'],
    ['Oslo', 59.91, 10.75, 'weur', 'weur'],
    ['Reykjavík', 64.15, -21.94, 'weur', 'weur'],
    ['Casablanca', 33.57, -7.59, 'weur', 'weur'],
    ['Warsaw', 52.23, 21.01, 'eeur', 'weur'],
    ['Prague', 50.08, 14.44, 'eeur', 'weur'],
    ['Athens', 37.98, 23.73, 'eeur', 'weur'],
    ['Kyiv', 50.45, 30.52, 'eeur', 'weur'],
    ['Istanbul', 41.01, 28.98, 'eeur', 'weur'],
    ['Moscow', 55.76, 37.62, 'eeur', 'weur'],
    ['New York', 40.71, -74.01, 'enam', 'enam'],
    ['Toronto', 43.65, -79.38, 'enam', 'enam'],
    ['Austin', 30.27, -97.74, 'enam', 'enam'],
    ['Mexico City', 19.43, -99.13, 'enam', 'enam'],
    ['Havana', 23.11, -82.37, 'enam', 'enam'],
    ['Portland', 45.52, -122.68, 'wnam', 'wnam'],
    ['San Francisco', 37.77, -122.42, 'wnam', 'wnam'],
    ['Vancouver', 49.28, -123.12, 'wnam', 'wnam'],
    ['Phoenix', 33.45, -112.07, 'wnam', 'wnam'],
    ['Anchorage', 61.22, -149.9, 'wnam', 'wnam'],
    ['Honolulu', 21.31, -157.86, 'wnam', 'wnam'],
    ['São Paulo', -23.55, -46.63, 'sam', 'enam'],
    ['Buenos Aires', -34.6, -58.38, 'sam', 'enam'],
    ['Lima', -12.05, -77.04, 'sam', 'enam'],
    ['Tokyo', 35.68, 139.69, 'apacne', 'apac'],
    ['Osaka', 34.69, 135.5, 'apacne', 'apac'],
    ['Seoul', 37.57, 126.98, 'apacne', 'apac'],
    ['Beijing', 39.9, 116.41, 'apacne', 'apac'],
    ['Singapore', 1.35, 103.82, 'apacse', 'apac'],
    ['Jakarta', -6.21, 106.85, 'apacse', 'apac'],
    ['Hanoi', 21.03, 105.85, 'apac', 'apac'],
    ['Hong Kong', 22.32, 114.17, 'apac', 'apac'],
    ['Mumbai', 19.08, 72.88, 'me', 'apac'],
    ['Sydney', -33.87, 151.21, 'oc', 'oc'],
    ['Auckland', -36.85, 174.76, 'oc', 'oc'],
    ['Perth', -31.95, 115.86, 'oc', 'oc'],
    // Beyond the date line.
    ['Suva', -18.14, 178.44, 'oc', 'oc'],
    ['Apia', -13.83, -171.77, 'oc', 'oc'],
    ['Johannesburg', -26.2, 28.05, 'afr', 'weur'],
    ['Lagos', 6.52, 3.38, 'afr', 'weur'],
    ['Nairobi', -1.29, 36.82, 'afr', 'weur'],
    ['Dubai', 25.2, 55.27, 'me', 'weur'],
    ['Tel Aviv', 32.09, 34.78, 'me', 'weur'],
    ['Cairo', 30.04, 31.24, 'me', 'weur'],
  ])('[CD2] %s', (_city, latitude, longitude, ofAll, ofFew) => {
    expect(nearestCell(ALL, 'wnam', at(latitude, longitude))).toBe(ofAll)
    expect(nearestCell(FEW, 'wnam', at(latitude, longitude))).toBe(ofFew)
  })

  test('[CD2] whatever they are, there is an answer, and it does not depend on the order of the table', () => {
    const turned: CellTable = Object.fromEntries(Object.entries(ALL).toReversed())
    const latitude = fc.double({ min: -90, max: 90, noNaN: true })
    const longitude = fc.double({ min: -180, max: 180, noNaN: true })
    fc.assert(
      fc.property(latitude, longitude, (north, east) => {
        const nearest = nearestCell(ALL, 'wnam', at(north, east))
        expect(Object.keys(ALL)).toContain(nearest)
        expect(nearestCell(turned, 'oc', at(north, east))).toBe(nearest)
      }),
    )
  })
})

describe('without coordinates', () => {
  test.each<[RequestPlace, string | undefined]>([
    [{ continent: 'EU' }, 'weur'],
    [{ continent: 'NA' }, 'enam'],
    [{ continent: 'SA' }, 'sam'],
    [{ continent: 'AS' }, 'apacse'],
    [{ continent: 'OC' }, 'oc'],
    [{ continent: 'AF' }, 'afr'],
    [{ continent: 'EU', country: 'PL' }, 'eeur'],
    [{ continent: 'EU', country: 'DE' }, 'weur'],
    [{ continent: 'EU', country: 'RU' }, 'eeur'],
    [{ continent: 'AS', country: 'JP' }, 'apacne'],
    [{ continent: 'AS', country: 'IN' }, 'me'],
    [{ continent: 'AS', country: 'CN' }, 'apac'],
    [{ continent: 'AS', country: 'AE' }, 'me'],
    [{ continent: 'AF', country: 'MA' }, 'weur'],
    [{ continent: 'AF', country: 'EG' }, 'me'],
    [{ continent: 'NA', country: 'US' }, 'enam'],
    [{ continent: 'NA', country: 'US', regionCode: 'OR' }, 'wnam'],
    [{ continent: 'NA', country: 'US', regionCode: 'CO' }, 'wnam'],
    [{ continent: 'NA', country: 'US', regionCode: 'NY' }, 'enam'],
    [{ continent: 'NA', country: 'CA', regionCode: 'BC' }, 'wnam'],
    // The same code in another country.
    [{ continent: 'SA', country: 'CO', regionCode: 'CA' }, 'sam'],
    // What is no coordinate is as good as none.
    [{ continent: 'SA', latitude: '', longitude: '' }, 'sam'],
    [{ continent: 'SA', latitude: '91', longitude: '0' }, 'sam'],
    [{ continent: 'SA', latitude: 'north', longitude: '0' }, 'sam'],
    [{ continent: 'SA', latitude: '51.5' }, 'sam'],
    [{ continent: 'AN' }, undefined],
    [{ country: 'XX' }, undefined],
    [{ continent: 'toString', country: 'constructor' }, undefined],
    [{ continent: 7, country: null }, undefined],
    // The exit of Tor says nothing about the user, wherever it is.
    [{ country: 'T1' }, undefined],
    [{ country: 'T1', continent: 'EU', latitude: '51.5', longitude: '0' }, undefined],
    [{}, undefined],
  ])('[CD2] %j', (place, expected) => {
    expect(nearestCell(ALL, 'wnam', place)).toBe(expected)
  })
})

describe('which cells', () => {
  const london = at(51.5, -0.1)
  test.each<[string, CellTable, string, string | undefined]>([
    [
      'a jurisdiction is never chosen by nearness',
      { eu: { hint: 'weur', jurisdiction: 'eu' }, oc: { hint: 'oc' } },
      'oc',
      'oc',
    ],
    ['no cell has a hint', { local: {}, eu: { jurisdiction: 'eu' } }, 'local', undefined],
    ['a cell without a hint is nowhere', { local: {}, oc: { hint: 'oc' } }, 'local', 'oc'],
    ['of two codes for one place, the own one', { old: { hint: 'weur' }, now: { hint: 'weur' } }, 'now', 'now'],
    [
      'of two codes for one place, the first',
      { old: { hint: 'weur' }, now: { hint: 'weur' }, oc: { hint: 'oc' } },
      'oc',
      'old',
    ],
    ['an own cell that is no cell', { weur: { hint: 'weur' } }, 'gone', 'weur'],
    [
      'other servers may be near, too',
      { here: { hint: 'oc' }, uk: { hint: 'weur', address: 'https://uk.example' } },
      'here',
      'uk',
    ],
  ])('[CD2] %s', (_, cells, own, expected) => {
    expect(nearestCell(cells, own, london)).toBe(expected)
  })

  test('[CD2] an engine that tells nothing', () => {
    expect(nearestCell(ALL, 'wnam', undefined)).toBeUndefined()
    expect(nearestCell(ALL, 'wnam', { clientIp: '192.0.2.1' } as RequestPlace)).toBeUndefined()
  })
})
