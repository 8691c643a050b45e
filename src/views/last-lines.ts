/** The end of a text that fits into `rows` rows of `columns` cells when long lines are wrapped. */
export const lastLines = (text: string, rows: number, columns: number): string => {
  const lines = text.split('\n')
  let left = rows
  let first = lines.length
  while (first > 0) {
    const needed = Math.max(1, Math.ceil((lines[first - 1] ?? '').length / columns))
    if (needed > left) break
    left -= needed
    first -= 1
  }
  if (first === 0) return text
  // One line that alone is too long: its end.
  if (first === lines.length) return (lines[first - 1] ?? '').slice(-rows * columns)
  return lines.slice(first).join('\n')
}
