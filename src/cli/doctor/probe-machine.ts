import { constants, readFileSync } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { request } from 'undici'
import type { PortFacts, SocketFacts, StateDirFacts } from './judge.ts'

/** Looks at this machine. Nothing stays changed by it. */

export const probeStateDir = async (path: string): Promise<StateDirFacts> => {
  const found = await statOrUndefined(path)
  return {
    path,
    ...(found && { mode: found.mode }),
    isDirectory: found?.isDirectory() ?? false,
    isOwn: found === undefined || isOwn(found.uid),
    isWritable: await isWritable(found ? path : await nearestFolder(path)),
  }
}

export const probeSocket = async (path: string): Promise<Omit<SocketFacts, 'daemonRuns'>> => {
  const found = await statOrUndefined(path)
  return { path, ...(found && { mode: found.mode }), isOwn: found === undefined || isOwn(found.uid) }
}

/** Bytes that this user may still write where `path` is or would be. */
export const probeDisk = async (path: string): Promise<number> => {
  const { bavail, bsize } = await statfs(await nearestFolder(path))
  return bavail * bsize
}

/** Most open files of a process that this one starts; Infinity without a limit. */
export const probeDescriptors = async (signal: AbortSignal): Promise<number> => {
  const { stdout } = await execa('sh', ['-c', 'ulimit -n'], { cancelSignal: signal })
  return stdout.trim() === 'unlimited' ? Number.POSITIVE_INFINITY : Number(stdout)
}

/** The version of the embedded adapter's runtime that mcpd would load. */
export const probeRuntime = (): string | undefined => {
  try {
    const path = findPackageJSON('node-llama-cpp', import.meta.url)
    return path === undefined
      ? undefined
      : (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
  } catch {
    return undefined
  }
}

/** Whether a daemon could listen there, found out by listening for a moment. */
export const probePort = async (
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Pick<PortFacts, 'state' | 'by'>> => {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    return { state: 'free' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES') return { state: 'denied' }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return { state: 'no-address' }
    return { state: 'taken', by: await whoListens(host, port, signal) }
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

const whoListens = async (host: string, port: number, signal: AbortSignal): Promise<string> => {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const authority = reached.includes(':') ? `[${reached}]` : reached
  try {
    const { headers, body } = await request(`http://${authority}:${port}/healthz`, { signal })
    await body.dump()
    return String(headers['server']).startsWith('mcpd')
      ? 'a daemon with another state directory'
      : 'another web server'
  } catch {
    return 'another program'
  }
}

const statOrUndefined = async (path: string) => {
  try {
    return await stat(path)
  } catch {
    return undefined
  }
}

/** Windows knows no user ids; there the folder's own rights decide. */
const isOwn = (uid: number): boolean => process.getuid === undefined || process.getuid() === uid

const isWritable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

const nearestFolder = async (path: string): Promise<string> => {
  if (await statOrUndefined(path)) return path
  const parent = dirname(path)
  return parent === path ? path : nearestFolder(parent)
}
