import { describe, expect, test } from 'vitest'
import { checkAppOptions } from '../../src/declaration.ts'
import { defineResourceType, type ResourceTypeOptions } from '../../src/resource-type.ts'

const OBJECT = Object as unknown as ResourceTypeOptions['object']

/** As code that no compiler has seen. */
function define(options: object): unknown {
  return defineResourceType({ name: 'leaf', object: OBJECT, ...options })
}

describe('a type', () => {
  test.each([
    [{ adressing: 'unique' }, /the type "leaf": .*adressing/],
    [{ naming: 'calller' }, /naming: .*"server"\|"caller"/],
    [{ object: undefined }, /object: expected a function or a class/],
    [{ limits: { byte: 5 } }, /limits: .*byte/],
    [{ limits: { bytes: -1 } }, /limits\.bytes/],
    [{ lifetime: { seconds: '5' } }, /lifetime\.seconds/],
    [{ visibility: [] }, /visibility/],
    [{ visibility: ['open'] }, /visibility\.0/],
    [{ params: {} }, /params: expected a schema of Zod/],
    [{ routes: [{ method: 'GET', path: 'x', permission: 'read' }] }, /routes\.0\.path/],
    [{ hooks: { toRefusal: 'no' } }, /hooks\.toRefusal/],
    [{ shards: { kind: 'hashed', shard: 4 } }, /shards\.shards/],
    [{ shards: 'single' }, /shards/],
    [{ name: 'Leaf' }, /must match/],
    [{ name: 5 }, /the type "5": name/],
  ])('[FW8] with %j is refused by name', (options, message) => {
    expect(() => define(options)).toThrow(message)
    expect(() => define(options)).toThrow(expect.objectContaining({ name: 'DeclarationError' }))
  })

  test('[FW8] that is defined can be declared again, with a change', () => {
    const type = define({}) as ResourceTypeOptions
    expect(define({ ...type, name: 'twig', plural: 'twigs' })).toMatchObject({ name: 'twig', naming: 'server' })
  })
})

test.each([
  [{}, /types/],
  [{ types: [] }, /types/],
  [{ types: [{ name: 'leaf' }] }, /types\.0/],
  [{ type: [define({})], types: [define({})] }, /"type"/],
  [{ types: [define({})], authenticate: true }, /authenticate/],
])('[FW8] an application with %j is refused by name', (options, message) => {
  expect(() => checkAppOptions(options)).toThrow(message)
})
