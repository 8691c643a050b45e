/**
 * Counters, gauges and histograms in the Prometheus text format (version 0.0.4). Our own, since the hot path
 * wants children resolved ahead: an `inc` here is an addition, with no hashing of labels.
 */

export type Labels = Readonly<Record<string, string>>

export interface Counter {
  inc(by?: number): void
}

export interface Histogram {
  observe(value: number): void
}

interface Family<Child> {
  /** The child of a set of labels; made at its first use. Resolve it once, outside of loops. */
  labels(labels: Labels): Child
}

export interface MetricsRegistry {
  counter(name: string, help: string): Family<Counter>
  histogram(name: string, help: string, buckets: readonly number[]): Family<Histogram>
  /** `read` is called at each scrape; a name in `_total` is typed as a counter. */
  gauge(name: string, help: string, read: () => Iterable<readonly [Labels, number]>): void
  render(): string
}

/** Children of one family; past this many, further label sets share the child whose labels are all `_other`. */
const childrenMax = 2000

const escape = (value: string): string => value.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',')

const sample = (name: string, labels: string, value: number): string =>
  `${name}${labels === '' ? '' : `{${labels}}`} ${Number.isFinite(value) ? value : value > 0 ? '+Inf' : 'NaN'}\n`

const family = <Child>(make: (text: string) => Child) => {
  const children = new Map<string, Child>()
  const labels = (given: Labels): Child => {
    let text = labelText(given)
    if (!children.has(text) && children.size >= childrenMax)
      text = labelText(Object.fromEntries(Object.keys(given).map((name) => [name, '_other'])))
    const found = children.get(text) ?? make(text)
    children.set(text, found)
    return found
  }
  return { labels, children }
}

export const createMetrics = (): MetricsRegistry => {
  const renderers: (() => string)[] = []
  const head = (name: string, help: string, type: string): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`

  const counter = (name: string, help: string): Family<Counter> => {
    const { labels, children } = family(() => {
      const child = { value: 0, inc: (by = 1) => void (child.value += by) }
      return child
    })
    renderers.push(
      () =>
        head(name, help, 'counter') +
        [...children].map(([text, { value }]) => sample(name, text, value)).join(''),
    )
    return { labels }
  }

  const histogram = (name: string, help: string, buckets: readonly number[]): Family<Histogram> => {
    const { labels, children } = family(() => {
      const counts = Array.from({ length: buckets.length + 1 }, () => 0)
      const child = {
        counts,
        sum: 0,
        observe: (value: number): void => {
          let bucket = 0
          while (bucket < buckets.length && value > buckets[bucket]!) bucket += 1
          counts[bucket]! += 1
          child.sum += value
        },
      }
      return child
    })
    renderers.push(() => {
      const lines = [...children].map(([text, { counts, sum }]) => {
        let total = 0
        const rows = counts.map((count, index) => {
          total += count
          const bound = `le="${index < buckets.length ? buckets[index] : '+Inf'}"`
          return sample(`${name}_bucket`, text === '' ? bound : `${text},${bound}`, total)
        })
        return rows.join('') + sample(`${name}_sum`, text, sum) + sample(`${name}_count`, text, total)
      })
      return head(name, help, 'histogram') + lines.join('')
    })
    return { labels }
  }

  const gauge: MetricsRegistry['gauge'] = (name, help, read) => {
    renderers.push(
      () =>
        head(name, help, name.endsWith('_total') ? 'counter' : 'gauge') +
        [...read()].map(([labels, value]) => sample(name, labelText(labels), value)).join(''),
    )
  }

  return { counter, histogram, gauge, render: () => renderers.map((render) => render()).join('') }
}
