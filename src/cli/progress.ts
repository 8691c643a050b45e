import type { PullStep } from '../client/index.ts'
import { printable } from './printable.ts'
import { formatBytes } from './quantity.ts'

const barCells = 24
/** Where a terminal does not say how wide it is. */
const usualColumns = 80

/**
 * Shows the steps of a pull: on a terminal one line per part that is drawn over as it grows, elsewhere a line whenever
 * another part begins; nothing without an output. Resolves with the bytes of all parts.
 */
export const showProgress = async (
  steps: AsyncIterable<PullStep>,
  output: NodeJS.WriteStream | undefined,
): Promise<number> => {
  const sizes = new Map<string, number>()
  let current: string | undefined
  try {
    for await (const step of steps) {
      if (step.digest !== undefined && step.total !== undefined) sizes.set(step.digest, step.total)
      const part = `${step.status} ${step.digest ?? ''}`
      if (output?.isTTY) {
        const back = current === undefined ? '' : current === part ? '\r' : '\n'
        output.write(`${back}${formatStep(step, output.columns || usualColumns)}\u001B[K`)
      } else if (current !== part) output?.write(`${printable(step.status)}\n`)
      current = part
    }
  } finally {
    // Whatever comes next, an error or a shell prompt, begins a line.
    if (output?.isTTY && current !== undefined) output.write('\n')
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

/** One line that fits into `columns`: a longer one would wrap, and only its last part be drawn over. */
export const formatStep = ({ status, total, completed }: PullStep, columns: number): string => {
  const words = printable(status).replaceAll('\n', ' ')
  if (!total) return words.slice(0, columns - 1)
  const part = Math.min(1, (completed ?? 0) / total)
  const cells = Math.round(part * barCells)
  const amount = `${formatBytes(completed ?? 0)} of ${formatBytes(total)}`
  const bar = `${'#'.repeat(cells)}${'.'.repeat(barCells - cells)}`
  return `${words}  ${String(Math.floor(part * 100)).padStart(3)} % ${bar} ${amount}`.slice(0, columns - 1)
}
