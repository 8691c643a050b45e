/** Lets at most `max` pieces of work run at once for each host; the others wait in the order they came. */
export interface HostLimit {
  run<Result>(host: string, work: () => Promise<Result>): Promise<Result>
}

export const createHostLimit = (max: number): HostLimit => {
  const running = new Map<string, { count: number; readonly waiting: (() => void)[] }>()
  return {
    run: async (host, work) => {
      let lane = running.get(host)
      if (!lane) running.set(host, (lane = { count: 0, waiting: [] }))
      // Who is woken takes over the place of who woke him.
      if (lane.count >= max) await new Promise<void>((wake) => lane.waiting.push(wake))
      else lane.count += 1
      try {
        return await work()
      } finally {
        const next = lane.waiting.shift()
        if (next) next()
        else if ((lane.count -= 1) === 0) running.delete(host)
      }
    },
  }
}
