import type { FuzzProgress } from '../fuzz/result.ts'
import type { FuzzScreen } from './fuzz-screen.ts'

/** Shows how a run is getting on; gone from the screen when disposed of. */
export interface FuzzLive extends Disposable {
  readonly show: (progress: FuzzProgress) => void
}

/** On a terminal a screen that is redrawn; elsewhere, or without an output, nothing: standard output is for the report. */
export const openFuzzLive = (output: NodeJS.WriteStream | undefined): FuzzLive => {
  if (!output?.isTTY) return { show: () => undefined, [Symbol.dispose]: () => undefined }
  let screen: FuzzScreen | undefined
  let isClosed = false
  const opened = import('./fuzz-screen.ts').then(({ openFuzzScreen }) => {
    if (!isClosed) screen = openFuzzScreen(output)
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
