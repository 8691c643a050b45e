const sample = /^([A-Za-z_:][\w:]*)(?:\{.*\})? (\S+)/

/**
 * Gauges of a page in the Prometheus text format, under the names that mcpd has for them. A ratio is the highest of
 * its series, a number their sum.
 */
export const parseGauges = (
  page: string,
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {}
  for (const line of page.split('\n')) {
    const [, series = '', text = ''] = sample.exec(line) ?? []
    const name = Object.hasOwn(names, series) ? names[series] : undefined
    const value = Number(text)
    if (name === undefined || Number.isNaN(value)) continue
    const before = found[name] ?? 0
    found[name] = name.endsWith('ratio') ? Math.max(before, value) : before + value
  }
  return found
}
