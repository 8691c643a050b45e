import { request } from 'undici'
import type { Target } from './target.ts'

/** What a target's own Prometheus page said before and after a run. */
export interface ServerMetrics {
  readonly url: string
  /** By name, summed over labels; those that did not change are left out. */
  readonly series: readonly ServerSeries[]
}

export interface ServerSeries {
  readonly name: string
  readonly before: number
  readonly after: number
}

export interface ServerWatch {
  /** Reads the pages again. */
  finish(signal: AbortSignal): Promise<readonly ServerMetrics[]>
}

const pageMaxMs = 2000
const pageMaxBytes = 8 * 2 ** 20
const seriesMax = 100
const sample = /^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)/
/** Parts of histograms, and when a series began: nothing that a difference says something of. */
const left = /_(bucket|created)$/

/** Reads `/metrics` of each target that has one, now and at the end. A target without is passed over. */
export const watchServers = async (targets: readonly Target[], signal: AbortSignal): Promise<ServerWatch> => {
  const pages = new Map(targets.map(({ url, apiKey }) => [`${new URL(url).origin}/metrics`, apiKey]))
  const read = async (url: string, limit: AbortSignal) => ({
    url,
    page: await pageOf(url, pages.get(url), limit),
  })
  const before = await Promise.all([...pages.keys()].map((url) => read(url, signal)))
  return {
    finish: async (limit) => {
      const found: ServerMetrics[] = []
      for (const { url, page: first } of before) {
        const last = first && (await pageOf(url, pages.get(url), limit))
        if (first && last) found.push({ url, series: changes(first, last) })
      }
      return found
    },
  }
}

type Page = ReadonlyMap<string, number>

const changes = (before: Page, after: Page): ServerSeries[] =>
  [...after]
    .map(([name, value]) => ({ name, before: before.get(name) ?? 0, after: value }))
    .filter((series) => series.before !== series.after)
    .slice(0, seriesMax)

/** undefined where there is no such page. */
const pageOf = async (
  url: string,
  apiKey: string | undefined,
  signal: AbortSignal,
): Promise<Page | undefined> => {
  try {
    const { statusCode, headers, body } = await request(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(pageMaxMs)]),
      ...(apiKey !== undefined && { headers: { authorization: `Bearer ${apiKey}` } }),
    })
    let text = ''
    for await (const chunk of body) {
      text += String(chunk)
      if (text.length > pageMaxBytes) return undefined
    }
    const isPage = statusCode === 200 && /text\/plain|openmetrics/.test(String(headers['content-type']))
    return isPage ? parsePage(text) : undefined
  } catch {
    // Most servers have none, which is nothing to tell.
    return undefined
  }
}

const parsePage = (text: string): Page => {
  const sums = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = sample.exec(line) ?? []
    if (name === '' || left.test(name) || !Number.isFinite(Number(value))) continue
    sums.set(name, (sums.get(name) ?? 0) + Number(value))
  }
  return sums
}
