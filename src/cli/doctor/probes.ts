import { createClient } from '../../client/index.ts'
import { readDaemonRecord } from '../../client/locate.ts'
import { discover } from '../../discovery/discover.ts'
import { checkConfig } from '../check-config.ts'
import { isAlive } from '../wait-until-gone.ts'
import { explain } from './check.ts'
import type { Probes } from './examine.ts'
import type { DaemonFacts } from './judge.ts'
import { probeClock, probeEntry, probeFound } from './probe-backend.ts'
import {
  probeDescriptors,
  probeDisk,
  probePort,
  probeRuntime,
  probeSocket,
  probeStateDir,
} from './probe-machine.ts'

const statusMaxMs = 3000

const probeDaemon = async (stateDir: string, signal: AbortSignal): Promise<DaemonFacts> => {
  const record = readDaemonRecord(stateDir)
  if (!record) return { isAlive: false }
  if (!isAlive(record.pid)) return { record, isAlive: false }
  // The daemon of this directory is meant, whatever MCPD_URL says.
  await using client = createClient({ stateDir }, { ...process.env, MCPD_URL: undefined })
  const limit = AbortSignal.timeout(statusMaxMs)
  try {
    const status = await client.status({ signal: AbortSignal.any([signal, limit]) })
    return { record, isAlive: true, status }
  } catch (error) {
    const silence = limit.aborted ? `nothing within ${statusMaxMs / 1000} s` : explain(error).detail
    return { record, isAlive: true, silence }
  }
}

/** The real world. */
export const probes: Probes = {
  stateDir: probeStateDir,
  socket: probeSocket,
  disk: probeDisk,
  descriptors: probeDescriptors,
  runtime: probeRuntime,
  port: probePort,
  daemon: probeDaemon,
  config: (path, signal) => checkConfig({ path, insecure: true }, signal),
  backends: async ({ backends = [] }, signal) =>
    backends.length > 0
      ? Promise.all(backends.map((entry) => probeEntry(entry, signal)))
      : Promise.all((await discover()).map((found) => probeFound(found, signal))),
  clock: probeClock,
}
