/** A part of the terminal that is redrawn while something runs. */
export interface Screen<Progress> {
  show(progress: Progress): void
  /** Takes everything off the screen again: the report follows. */
  close(): void
}

/** Shows how a run is getting on; gone from the screen when disposed of. */
export interface Live<Progress> extends Disposable {
  readonly show: (progress: Progress) => void
}

/**
 * On a terminal a screen that is redrawn; elsewhere, or without an output, nothing: standard output is for the report.
 * `load` brings the screen's code, which is not needed where nothing is drawn.
 */
export const openLiveScreen = <Progress>(
  output: NodeJS.WriteStream | undefined,
  load: () => Promise<(output: NodeJS.WriteStream) => Screen<Progress>>,
): Live<Progress> => {
  if (!output?.isTTY) return { show: () => undefined, [Symbol.dispose]: () => undefined }
  let screen: Screen<Progress> | undefined
  let isClosed = false
  const opened = load().then((open) => {
    if (!isClosed) screen = open(output)
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
