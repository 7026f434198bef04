import { describe, expect, it } from 'vitest'
import { NOTES_APP, startServer } from '../support/server.ts'

describe('serve', () => {
  it('answers from both planes', async () => {
    const server = await startServer({ app: NOTES_APP })
    expect(await (await server.fetch('/notes/a', { method: 'POST' })).json()).toEqual({ value: 1 })
    expect(await (await server.fetch('/round/a')).json()).toEqual({ value: 2 })
    expect(await (await server.fetch('/control/a', { method: 'POST' })).json()).toEqual({ value: 1 })
  })
  it('faults', async () => {
    const server = await startServer({ app: NOTES_APP, faults: true })
    server.armFault('here', 'control')
    const pid = server.control.pid
    expect(await (await server.fetch('/fault/here')).text()).toBe('passed\n')
    await server.faultHit('here')
    await server.control.ready()
    expect(server.control.pid).not.toBe(pid)
    await server.restart()
    expect(await (await server.fetch('/notes/a')).json()).toEqual({ value: 0 })
  })
})
