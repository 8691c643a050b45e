const blocks = '▁▂▃▄▅▆▇█'

/** Values as a row of blocks, the largest being the tallest. */
export const sparkline = (values: readonly number[]): string => {
  const most = Math.max(...values, 0)
  return values
    .map((value) =>
      most === 0 ? blocks[0] : blocks[Math.round((Math.max(0, value) / most) * (blocks.length - 1))],
    )
    .join('')
}
