/** Runs work of the same name one after the other, and that of different names at once. */
export const createQueues = () => {
  const last = new Map<string, Promise<unknown>>()
  return {
    run: async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
      const before = last.get(name)
      const mine = before ? before.then(work, work) : work()
      last.set(name, mine)
      try {
        return await mine
      } finally {
        if (last.get(name) === mine) last.delete(name)
      }
    },
  }
}
