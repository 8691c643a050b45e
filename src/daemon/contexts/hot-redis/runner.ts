import type { ContextKey } from '../../../core/context.ts'
import { RedisRefusal } from './connection.ts'
import type { RedisLink } from './link.ts'
import { type Script, scripts } from './scripts.ts'
import { isOfServer, type RedisWatch } from './watch.ts'

/** Scripts on the keys of a context, and work that nobody waits for. */
export interface Runner {
  readonly run: (script: Script, key: ContextKey, args: readonly (string | Buffer)[]) => Promise<unknown>
  /** What goes wrong in it leaves a copy that is found to be old, or none. */
  readonly begin: (key: ContextKey, work: () => Promise<void>) => void
  /** Resolves when all that was begun has ended. */
  readonly settled: () => Promise<void>
}

/** One slot for the keys of a context. Ids have no braces and no dots in them. The number is that of the format. */
const keysOf = ({ tenant, context }: ContextKey): readonly string[] =>
  ['meta', 'log', 'marks'].map((part) => `mcpd:hot1:{${tenant}.${context}}:${part}`)

export const createRunner = (link: RedisLink, watch: RedisWatch): Runner => {
  const running = new Set<Promise<void>>()
  const run: Runner['run'] = (script, key, args) => link.run(script, keysOf(key), args)
  const clear = async (key: ContextKey, error: unknown): Promise<void> => {
    if (!(error instanceof RedisRefusal)) return
    if (isOfServer(error)) watch.refused(error)
    else await run(scripts.drop, key, ['', 'copy'])
  }
  return {
    run,
    begin: (key, work) => {
      const done = work()
        .catch((error: unknown) => clear(key, error))
        .catch(() => undefined)
        .finally(() => running.delete(done))
      running.add(done)
    },
    settled: async () => void (await Promise.all(running)),
  }
}
