import { parseCommandString } from 'execa'
import { McpdError } from '../../core/errors.ts'
import { specNamePattern } from '../../core/spec-config.ts'
import { crawlAll } from '../../crawler/crawl.ts'
import type { CrawlOutcome } from '../../crawler/outcome.ts'
import { createHostLimit } from '../../crawler/sources/host-limit.ts'
import { type AuthFlags, authOfFlags } from './crawl-auth.ts'
import { planCrawl, repositoryCache } from './crawl-plan.ts'
import { findOwnDaemon } from './own-document.ts'
import { runningBackends } from './running-backends.ts'
import { specPlace } from './spec-place.ts'

export interface CrawlFlags extends AuthFlags {
  readonly url?: string | undefined
  readonly config?: string | undefined
  readonly store?: string | undefined
  readonly 'state-dir'?: string | undefined
  readonly 'allow-host': readonly string[]
  readonly command?: string | undefined
  readonly history: boolean
  readonly name?: string | undefined
  readonly repository?: string | undefined
  readonly trust: boolean
}

export interface CrawlRun {
  readonly outcomes: readonly CrawlOutcome[]
  readonly store: string
}

/** Requests to one host at once. */
const perHostMax = 4

/** Does what the command line says. `output` is where progress is shown, if it is a terminal. */
export const runCrawl = async (
  words: readonly string[],
  flags: CrawlFlags,
  { signal, output }: { readonly signal: AbortSignal; readonly output: NodeJS.WriteStream | undefined },
): Promise<CrawlRun> => {
  if (flags.name !== undefined && !new RegExp(specNamePattern).test(flags.name))
    throw new McpdError(
      'USAGE',
      `"${flags.name}" cannot be the name of a spec: letters, digits, dots, dashes.`,
    )
  const { config, store } = specPlace(flags)
  const own = findOwnDaemon(flags, process.env)
  const running = own ? await runningBackends(flags, config.backends, signal) : []
  const tasks = await planCrawl(
    {
      words,
      name: flags.name,
      auth: authOfFlags(flags, process.env),
      hosts: flags['allow-host'],
      repository: flags.repository,
      command: flags.command === undefined ? undefined : parseCommandString(flags.command),
      history: flags.history,
    },
    {
      config,
      backends: [...config.backends, ...running],
      cwd: process.cwd(),
      own,
      limit: createHostLimit(perHostMax),
      cacheDir: repositoryCache(config),
    },
  )
  using progress = showProgress(output, tasks.length)
  const options = { store, signal, history: flags.history, trust: flags.trust }
  const outcomes = await crawlAll(tasks, options, ({ name }, ended) => progress.show(ended, name))
  return { outcomes, store: store.path }
}

/** One line that is drawn over; nothing where nobody watches, or for a single source. */
const showProgress = (output: NodeJS.WriteStream | undefined, total: number) => {
  const terminal = output?.isTTY && total > 1 ? output : undefined
  return {
    show: (ended: number, name: string): void => {
      terminal?.write(`\r${`${ended} of ${total}  ${name}`.slice(0, terminal.columns - 1)}\u001B[K`)
    },
    [Symbol.dispose]: (): void => void terminal?.write('\r\u001B[K'),
  }
}
