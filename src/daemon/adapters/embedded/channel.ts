/** Hands values from callbacks to one `for await`. What waits in it is bounded by whoever pushes. */
export interface Channel<T> extends AsyncIterable<T> {
  readonly push: (value: T) => void
  /** Ends the loop once it has seen every value. */
  readonly end: () => void
  /** The same, by throwing `error`. */
  readonly fail: (error: unknown) => void
}

export const createChannel = <T>(): Channel<T> => {
  const values: T[] = []
  let outcome: 'open' | 'ended' | { readonly error: unknown } = 'open'
  let wake = () => {}

  async function* read(): AsyncGenerator<T> {
    for (;;) {
      yield* values.splice(0)
      if (values.length > 0) continue
      if (outcome === 'ended') return
      if (outcome !== 'open') throw outcome.error
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  return {
    push: (value) => {
      values.push(value)
      wake()
    },
    end: () => {
      if (outcome === 'open') outcome = 'ended'
      wake()
    },
    fail: (error) => {
      if (outcome === 'open') outcome = { error }
      wake()
    },
    [Symbol.asyncIterator]: read,
  }
}
