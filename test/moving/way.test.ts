// The way to a resource that moves on and on, between cells that are processes of their own and know its places from different times.

import { expect, test } from 'vitest'
import { disposeCells, startCells } from '../support/cells.ts'
import { content, makeResource } from '../support/http.ts'
import { MOVING_APP, moved } from './movers.ts'

test('[MV2] [MV4] it is read at once through a cell that knows a place from two moves before', async () => {
  const cells = await startCells(['one', 'two', 'three'], { app: MOVING_APP })
  const { one, three } = cells.servers
  const { id, token, ask } = await makeResource(one)
  await ask('entries', { method: 'POST', body: 'kept' })
  await moved(one, 'ledgers', id, 'two')
  const readAt = (server: typeof one): Promise<Response> => content(server, `/ledgers/${id}/entries`, token)
  // Both learn the second cell; nothing tells them of the moves that follow.
  for (const server of [one, three]) expect((await readAt(server)).status).toBe(200)
  for (const cell of ['three', 'one']) await moved(one, 'ledgers', id, cell)
  for (const server of [one, three]) {
    const answer = await readAt(server)
    expect([answer.status, await answer.json()]).toEqual([200, ['kept']])
  }
  await disposeCells(cells)
})
