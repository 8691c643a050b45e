import type { ThreadClient } from './thread-client.ts'

/** Pages of the log from which on the writer waits until it is carried over: 32 MiB. */
const logMaxPages = 8192

/** The consumer of the outbox that fills the search index. */
export const searchConsumer = 'search'

/** What is done after commits, by the thread that does not write: the log is carried over and the index filled. */
export const createFollower = (reader: ThreadClient, writer: () => ThreadClient) => {
  let following: Promise<void> | undefined

  const fillIndex = async (): Promise<void> => {
    for (let settled = 0; ;) {
      const {
        answer: { through, more },
      } = await reader.ask('index', [])
      if (through > settled) await writer().ask('settle', [searchConsumer, through])
      settled = through
      if (!more) return
    }
  }
  const carryOver = async (): Promise<void> => {
    const { answer: pages } = await reader.ask('checkpoint', [])
    if (pages > logMaxPages) await writer().ask('truncate', [])
    await fillIndex()
  }
  return {
    fillIndex,
    /** Called when something was committed. */
    follow: (): void => {
      following ??= carryOver()
        // Neither is lost when it fails: the next commits bring it here again.
        .catch(() => undefined)
        .finally(() => {
          following = undefined
        })
    },
    /** Waits for what is under way. */
    settled: async (): Promise<void> => following,
  }
}
