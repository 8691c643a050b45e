import type { PullStep } from '../client/index.ts'
import { printable } from './printable.ts'
import { formatBytes } from './quantity.ts'

export interface Progress extends Disposable {
  show(step: PullStep): void
  /** Of all the parts that were shown, fetched now or before. */
  readonly bytes: number
}

const barCells = 24

/**
 * Shows the steps of a pull: on a terminal one line per part that is drawn over as it grows, elsewhere a line whenever
 * another part begins. Without an output it only counts.
 */
export const createProgress = (output: NodeJS.WriteStream | undefined): Progress => {
  const sizes = new Map<string, number>()
  let current = ''
  let isOpen = false

  const show = (step: PullStep): void => {
    if (step.digest !== undefined && step.total !== undefined) sizes.set(step.digest, step.total)
    const key = `${step.status} ${step.digest ?? ''}`
    if (!output) return
    if (output.isTTY) {
      const end = isOpen && key !== current ? '\n' : '\r'
      output.write(`${isOpen ? end : ''}${formatStep(step, output.columns)}\u001B[K`)
      isOpen = true
    } else if (key !== current) output.write(`${printable(step.status)}\n`)
    current = key
  }

  return {
    show,
    get bytes() {
      return [...sizes.values()].reduce((sum, size) => sum + size, 0)
    },
    // Whatever comes next, an error or a shell prompt, begins a line.
    [Symbol.dispose]: () => {
      if (isOpen) output?.write('\n')
    },
  }
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
