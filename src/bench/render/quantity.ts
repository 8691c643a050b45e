/** Milliseconds in a fixed number of digits that mean something: `0.012`, `12.3`, `1234`. */
export const formatMs = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '-'
  return formatNumber(ms)
}

/** About three digits, more where they are before the point. */
export const formatNumber = (value: number): string => {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return size >= 1 ? value.toFixed(2) : value.toFixed(3)
}

export const formatPercent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`
