// Whether clients are still connected to a process's public sockets. The engine says nothing about that, the kernel does.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** `st` of /proc/net/tcp (proc(5)): an established connection. */
const ESTABLISHED = '01'

/** `St` of /proc/net/unix: SS_CONNECTED. */
const CONNECTED = '03'

/** @param at TCP ports, and paths of unix sockets @returns undefined where the system has no /proc */
export function hasConnections(pid: number, at: readonly (number | string)[]): boolean | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const lines = (table: string): string[] => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n')
    const inodes = new Set([
      ...['tcp', 'tcp6'].flatMap(lines).flatMap((line) => inodeOf(line, at)),
      ...lines('unix').flatMap((line) => inodeOfUnix(line, at)),
    ])
    return inodes.size > 0 && readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

function inodeOf(line: string, ports: readonly unknown[]): string[] {
  const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
  const isOurs = state === ESTABLISHED && ports.includes(Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16))
  return isOurs && inode !== undefined ? [`socket:[${inode}]`] : []
}

function inodeOfUnix(line: string, paths: readonly unknown[]): string[] {
  const [, , , , , state, inode, path = ''] = line.trim().split(/\s+/)
  return state === CONNECTED && paths.includes(path) ? [`socket:[${inode}]`] : []
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
