import { sqlStateOf } from './failure.ts'

/** Writes that go to the server in one statement. */
const groupMax = 64
/** Groups under way at once: one is on its way to the disk while the next is prepared. */
const flightsMax = 4

/** Writes something; undefined where the context has changed since it was read. */
export type Submit<Write, Written> = (write: Write) => Promise<Written | undefined>

/**
 * Commits in groups: what comes while statements are under way goes together in the next one, so that many writers
 * share a round trip and a flush of the disk, and a single one waits for nobody. `run` writes all or, throwing, none;
 * its results are in the order of the writes.
 */
export const createGroups = <Write, Written>(
  run: (writes: readonly Write[]) => Promise<readonly (Written | undefined)[]>,
): Submit<Write, Written> => {
  interface Waiting {
    readonly write: Write
    readonly resolve: (written: Written | undefined) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let flights = 0

  const runOne = async ({ write, resolve, reject }: Waiting): Promise<void> => {
    try {
      resolve((await run([write]))[0])
    } catch (error) {
      reject(error)
    }
  }
  const runGroup = async (group: readonly Waiting[]): Promise<void> => {
    const [first] = group
    if (group.length === 1 && first) return runOne(first)
    try {
      const written = await run(group.map(({ write }) => write))
      for (const [at, { resolve }] of group.entries()) resolve(written[at])
    } catch (error) {
      // One of them has spoilt it for the others. Where it is not certain that nothing was written nobody may go again.
      if (!wasUndone(error)) for (const { reject } of group) reject(error)
      else await Promise.all(group.map(runOne))
    }
  }
  const start = (): void => {
    while (waiting.length > 0 && flights < flightsMax) {
      const group = waiting.slice(0, groupMax)
      waiting = waiting.slice(groupMax)
      flights += 1
      void runGroup(group).finally(() => {
        flights -= 1
        start()
      })
    }
  }
  return (write) =>
    new Promise((resolve, reject) => {
      waiting.push({ write, resolve, reject })
      start()
    })
}

/** Whether the server has said that it took a statement back: for its data, its constraints or a deadlock. */
const undoneCode = /^(22|23|40)/
export const wasUndone = (error: unknown): boolean => undoneCode.test(sqlStateOf(error))

/** A key or an id that is there already. */
export const isTaken = (error: unknown): boolean => sqlStateOf(error) === '23505'
