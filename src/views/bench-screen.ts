import { Box, render, Text } from 'ink'
import { createElement as h, type ReactNode } from 'react'
import type { Progress } from '../bench/run.ts'
import { formatDuration } from '../cli/quantity.ts'
import type { Screen } from './live-screen.ts'
import { sparkline } from './sparkline.ts'

/** Steps of the two lines that are drawn; older ones fall off. */
const historyMax = 60
const barCells = 30

interface Frame {
  readonly progress: Progress
  readonly tokensPerSecond: readonly number[]
  readonly running: readonly number[]
}

/** The run as it goes. It is drawn by the main thread, which measures nothing. */
export const openBenchScreen = (output: NodeJS.WriteStream): Screen<Progress> => {
  const screen = render(h(Text, null, 'Starting …'), {
    stdout: output,
    exitOnCtrlC: false,
    patchConsole: false,
  })
  let last: Progress | undefined
  let tokensPerSecond: readonly number[] = []
  let running: readonly number[] = []
  return {
    show: (progress) => {
      const sinceMs =
        last && last.phaseIndex === progress.phaseIndex ? progress.elapsedMs - last.elapsedMs : 0
      if (last && sinceMs > 0)
        tokensPerSecond = [...tokensPerSecond, ((progress.tokens - last.tokens) / sinceMs) * 1000].slice(
          -historyMax,
        )
      running = [...running, progress.running].slice(-historyMax)
      last = progress
      screen.rerender(h(BenchView, { progress, tokensPerSecond, running }))
    },
    close: () => {
      screen.clear()
      screen.unmount()
    },
  }
}

/** How much of a phase is done, 0 to 1: by requests or by time, whichever is further. */
export const phaseShare = ({
  phase,
  elapsedMs,
  issued,
  issuedBefore = 0,
}: Progress & { readonly issuedBefore?: number }): number => {
  const byTime = phase.durationMs === undefined ? 0 : elapsedMs / phase.durationMs
  const byCount = phase.requests === undefined ? 0 : (issued - issuedBefore) / phase.requests
  return Math.min(1, Math.max(byTime, byCount))
}

export const BenchView = ({ progress, tokensPerSecond, running }: Frame): ReactNode => {
  const { phase, phaseIndex, phases, elapsedMs, ok, failed } = progress
  const cells = Math.round(phaseShare(progress) * barCells)
  const line = (label: string, values: readonly number[], unit: string): ReactNode =>
    h(
      Box,
      null,
      h(Box, { width: 12 }, h(Text, { dimColor: true }, label)),
      h(Text, { color: 'cyan' }, sparkline(values)),
      h(Text, null, ` ${Math.round(values.at(-1) ?? 0)}${unit}`),
    )
  return h(
    Box,
    { flexDirection: 'column' },
    h(
      Box,
      { gap: 1 },
      h(Text, { bold: true }, phase.name),
      h(Text, { dimColor: true }, `step ${phaseIndex + 1} of ${phases}`),
      h(
        Text,
        { color: 'green' },
        '━'.repeat(cells),
        h(Text, { dimColor: true }, '─'.repeat(barCells - cells)),
      ),
      h(Text, null, formatDuration(elapsedMs)),
    ),
    line('tokens/s', tokensPerSecond, ''),
    line('at once', running, ''),
    h(
      Box,
      { gap: 2 },
      h(Text, null, `${ok} done`),
      h(Text, failed > 0 ? { color: 'red' } : { dimColor: true }, `${failed} failed`),
      h(Text, { dimColor: true }, 'Ctrl-C ends it with a report of what was done'),
    ),
  )
}
