/** From values to places on the page. */
export interface Scale {
  (value: number): number
  /** Values worth a mark. */
  readonly ticks: readonly number[]
}

/** Even marks at 1, 2 or 5 times a power of ten. */
export const linear = (from: number, to: number, start: number, end: number, marks = 5): Scale => {
  const span = to - from || 1
  const place = (value: number): number => start + ((value - from) / span) * (end - start)
  const rough = span / marks
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power
  const ticks: number[] = []
  for (let mark = Math.ceil(from / step); mark * step <= to + step * 1e-6; mark += 1)
    ticks.push(Number((mark * step).toPrecision(12)))
  return Object.assign(place, { ticks })
}

/** Marks at powers of ten, and at 2 and 5 times them where there are few. */
export const logarithmic = (from: number, to: number, start: number, end: number): Scale => {
  const low = Math.log10(Math.max(from, 1e-6))
  const high = Math.max(Math.log10(to), low + 0.1)
  const place = (value: number): number =>
    start + ((Math.log10(Math.max(value, 1e-6)) - low) / (high - low)) * (end - start)
  const factors = high - low > 3 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = Math.floor(low); power <= high; power += 1)
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(3))
      if (Math.log10(tick) >= low - 1e-9 && Math.log10(tick) <= high + 1e-9) ticks.push(tick)
    }
  return Object.assign(place, { ticks })
}

/** Shares from 0 to 1 such that each further nine of the tail is as wide as the one before. */
export const tail = (finest: number, start: number, end: number): Scale => {
  const depth = (share: number): number => -Math.log10(Math.max(1 - share, 10 ** -6))
  const most = Math.max(depth(finest), 1)
  const place = (share: number): number => start + (Math.min(depth(share), most) / most) * (end - start)
  return Object.assign(place, {
    ticks: [0, 0.5, 0.9, 0.99, 0.999, 0.9999].filter((tick) => tick <= finest + 1e-9),
  })
}
