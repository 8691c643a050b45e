import { Box, render, Text } from 'ink'
import { createElement as h, type ReactNode } from 'react'
import { printable } from '../cli/printable.ts'
import { formatDuration } from '../cli/quantity.ts'
import type { FuzzProgress } from '../fuzz/result.ts'
import type { Screen } from './live-screen.ts'
import { sparkline } from './sparkline.ts'

/** Steps of the line that is drawn; older ones fall off. */
const historyMax = 40
const barCells = 24
/** Cells of operations; more are not drawn. */
const gridMax = 240
/** The latest findings that are shown. */
const findingsShown = 5

export const openFuzzScreen = (output: NodeJS.WriteStream): Screen<FuzzProgress> => {
  const screen = render(h(Text, null, 'Starting …'), {
    stdout: output,
    exitOnCtrlC: false,
    patchConsole: false,
  })
  let rates: readonly number[] = []
  return {
    show: (progress) => {
      rates = [...rates, progress.requestsPerSecond].slice(-historyMax)
      screen.rerender(h(FuzzView, { progress, rates }))
    },
    close: () => {
      screen.clear()
      screen.unmount()
    },
  }
}

interface Frame {
  readonly progress: FuzzProgress
  readonly rates: readonly number[]
}

const cells = {
  waiting: { mark: '·', color: 'gray' },
  attempted: { mark: '▪', color: 'yellow' },
  succeeded: { mark: '■', color: 'green' },
  found: { mark: '■', color: 'red' },
  'left-out': { mark: '○', color: 'gray' },
} as const

const tones = { critical: 'red', high: 'red', medium: 'yellow', low: 'cyan' } as const

export const FuzzView = ({ progress, rates }: Frame): ReactNode => {
  const { phase, elapsedMs, limitMs, requests, requestsPerSecond, findings, statuses, operations } = progress
  const share = limitMs === undefined || !Number.isFinite(limitMs) ? 0 : Math.min(1, elapsedMs / limitMs)
  const done = Math.round(share * barCells)
  const reached = operations.filter(({ state }) => state === 'succeeded' || state === 'found').length
  const answers = Object.entries(statuses).map(
    ([status, count]) => `${status === '0' ? 'none' : status} ${count}`,
  )
  return h(
    Box,
    { flexDirection: 'column' },
    h(
      Box,
      { gap: 1 },
      h(Text, { bold: true }, phase),
      h(Text, { color: 'green' }, '━'.repeat(done), h(Text, { dimColor: true }, '─'.repeat(barCells - done))),
      h(
        Text,
        null,
        `${formatDuration(elapsedMs)}${limitMs === undefined ? '' : ` of ${formatDuration(limitMs)}`}`,
      ),
    ),
    h(
      Box,
      { gap: 1 },
      h(Text, { color: 'cyan' }, sparkline(rates)),
      h(Text, null, `${Math.round(requestsPerSecond)}/s, ${requests} requests`),
      h(Text, { dimColor: true }, answers.join('  ')),
    ),
    h(
      Text,
      null,
      ...operations
        .slice(0, gridMax)
        .map(({ state }, key) => h(Text, { key, color: cells[state].color }, cells[state].mark)),
      h(Text, { dimColor: true }, ` ${reached} of ${operations.length} operations answered`),
    ),
    ...findings
      .slice(-findingsShown)
      .map(({ severity, operation, message }, key) =>
        h(
          Box,
          { key, gap: 1 },
          h(Text, { color: tones[severity] }, '✗'),
          h(Text, { wrap: 'truncate' }, printable(`${operation} ${message}`)),
        ),
      ),
    h(
      Box,
      { gap: 2 },
      h(Text, findings.length > 0 ? { color: 'red' } : { dimColor: true }, `${findings.length} found`),
      h(Text, { dimColor: true }, 'Ctrl-C ends it with a report of what was done'),
    ),
  )
}
