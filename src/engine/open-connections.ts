// Whether clients are still connected to a process's port. The engine says nothing about that, the kernel does.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** `st` of /proc/net/tcp (proc(5)): an established connection. */
const ESTABLISHED = '01'

/** undefined where the system has no /proc. */
export function hasConnections(pid: number, port: number): boolean | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const inodes = new Set(
      ['tcp', 'tcp6'].flatMap((table) =>
        readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
          .split('\n')
          .flatMap((line) => inodeOf(line, port)),
      ),
    )
    return inodes.size > 0 && readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

function inodeOf(line: string, port: number): string[] {
  const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
  const isOurs = state === ESTABLISHED && local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`)
  return isOurs === true && inode !== undefined ? [`socket:[${inode}]`] : []
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
