import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { type Build, builds } from './builds.ts'

/**
 * Loaded into a daemon, and into each of its threads, before anything else (`node --import`): what a storm changes in
 * it, so that the product needs no switches for it. The environment says what:
 * `MCPD_FAULTS_BUILDS=NAME,NAME` — sentences of the source that read otherwise, of `builds.ts`;
 * `MCPD_FAULTS_CLOCK=FILE` — the clock is ahead by so many milliseconds as the file says, which may change at any time.
 */
const names = (process.env['MCPD_FAULTS_BUILDS'] ?? '').split(',').filter((name) => name !== '')
const changes = names.flatMap((name) => builds[name as Build])

if (changes.length > 0)
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context)
      const mine = changes.filter(({ file }) => url.endsWith(file))
      if (mine.length === 0) return loaded
      const source = mine.reduce(
        (text, { file, from, to }) => {
          if (!text.includes(from)) throw new Error(`${file} has nothing like "${from}" in it any more.`)
          return text.replace(from, () => to)
        },
        Buffer.from(loaded.source as Uint8Array).toString(),
      )
      return { ...loaded, source }
    },
  })

const clock = process.env['MCPD_FAULTS_CLOCK']
/** So long a jump may stay unseen. */
const lookEveryMs = 20

if (clock !== undefined) {
  const RealDate = Date
  const realNow = Date.now
  let aheadMs = 0
  let lookedMs = -Infinity
  const now = (): number => {
    const monotonicMs = performance.now()
    if (monotonicMs - lookedMs > lookEveryMs) {
      lookedMs = monotonicMs
      aheadMs = Number(readFileSync(clock, 'utf8'))
    }
    return realNow() + aheadMs
  }
  RealDate.now = now
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: unknown[]) => Reflect.construct(target, given.length === 0 ? [now()] : given),
  })
}
