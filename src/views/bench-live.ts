import type { Progress } from '../bench/run.ts'
import type { BenchScreen } from './bench-screen.ts'

/** Shows how a run is getting on; gone from the screen when disposed of. */
export interface Live extends Disposable {
  readonly show: (progress: Progress) => void
}

/** On a terminal a screen that is redrawn; elsewhere, or without an output, nothing: standard output is for the report. */
export const openLive = (output: NodeJS.WriteStream | undefined): Live => {
  if (!output?.isTTY) return { show: () => undefined, [Symbol.dispose]: () => undefined }
  let screen: BenchScreen | undefined
  let isClosed = false
  const opened = import('./bench-screen.ts').then(({ openBenchScreen }) => {
    if (!isClosed) screen = openBenchScreen(output)
  })
  // Without a screen the run goes on all the same.
  opened.catch(() => undefined)
  return {
    show: (progress) => screen?.show(progress),
    [Symbol.dispose]: () => {
      isClosed = true
      screen?.close()
    },
  }
}
