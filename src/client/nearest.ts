/** The candidate that differs least from what was typed, if few enough letters differ to be a slip. */
export const nearest = (typed: string, candidates: Iterable<string>): string | undefined => {
  const slipsMax = Math.max(1, Math.floor(typed.length / 3))
  let best: string | undefined
  let fewest = slipsMax + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - typed.length) >= fewest) continue
    const slips = distance(typed.toLowerCase(), candidate.toLowerCase())
    if (slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** Letters inserted, left out, changed, or swapped with their neighbour (optimal string alignment). */
const distance = (a: string, b: string): number => {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        isSwap ? beforeLast[column - 2]! + 1 : Infinity,
      )
    }
    ;[beforeLast, last] = [last, current]
  }
  return last[b.length]!
}
