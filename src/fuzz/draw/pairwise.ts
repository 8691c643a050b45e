/**
 * Rows in which every two choices of two different columns stand together at least once, by the greedy method: for
 * each pair that is open, the row that covers most. `widths` says how many choices each column has.
 */
export const pairwise = (widths: readonly number[], rowsMax: number): readonly (readonly number[])[] => {
  const open = new Set<string>()
  for (let left = 0; left < widths.length; left++)
    for (let right = left + 1; right < widths.length; right++)
      for (let a = 0; a < (widths[left] ?? 0); a++)
        for (let b = 0; b < (widths[right] ?? 0); b++) open.add(pair(left, a, right, b))
  const rows: (readonly number[])[] = []
  while (open.size > 0 && rows.length < rowsMax) {
    const [first = ''] = open
    const [left = 0, a = 0, right = 0, b = 0] = first.split(' ').map(Number)
    const row: (number | undefined)[] = widths.map(() => undefined)
    row[left] = a
    row[right] = b
    for (const [column, width] of widths.entries()) {
      if (row[column] !== undefined) continue
      let best = 0
      let most = -1
      for (let choice = 0; choice < width; choice++) {
        const covered = row.filter(
          (other, at) => other !== undefined && at !== column && open.has(ordered(at, other, column, choice)),
        ).length
        if (covered > most) [best, most] = [choice, covered]
      }
      row[column] = best
    }
    const whole = row.map((choice) => choice ?? 0)
    for (let x = 0; x < whole.length; x++)
      for (let y = x + 1; y < whole.length; y++) open.delete(pair(x, whole[x] ?? 0, y, whole[y] ?? 0))
    rows.push(whole)
  }
  return rows
}

const pair = (left: number, a: number, right: number, b: number): string => `${left} ${a} ${right} ${b}`
const ordered = (x: number, a: number, y: number, b: number): string =>
  x < y ? pair(x, a, y, b) : pair(y, b, x, a)
