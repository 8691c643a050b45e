import { resolveHot } from '../../src/core/hot-config.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import type { MasterKey } from '../../src/daemon/contexts/encryption/vault.ts'
import type { HotCopies } from '../../src/daemon/contexts/hot-redis/copies.ts'
import { openHotCopies } from '../../src/daemon/contexts/hot-redis/open.ts'

export interface TestCopies {
  readonly copies: HotCopies
  /** What it says in the log. */
  readonly lines: readonly string[]
  readonly metrics: () => string
}

/** Hot copies as a daemon opens them; it is not waited for Redis. */
export const testCopies = (url: string | string[], keys: readonly MasterKey[] = []): TestCopies => {
  const { hot } = resolveHot({ url }, 'postgres')
  if (!hot) throw new TypeError('A URL was given.')
  const lines: string[] = []
  const say = (line: unknown): void => void lines.push(String(line))
  const metrics = createMetrics()
  // Of a logger it is these two that are used.
  const log = { info: say, warn: say } as unknown as Parameters<typeof openHotCopies>[0]['log']
  const copies = openHotCopies({ ...hot, keys, metrics, log, now: () => performance.now() })
  return { copies, lines, metrics: () => metrics.render() }
}

/** Resolves when Redis answers. */
export const connected = async ({ copies }: TestCopies): Promise<void> => {
  while ((await copies.read({ tenant: 'none', context: 'none' })).kind === 'unavailable')
    await new Promise((resolve) => setTimeout(resolve, 10))
}
