/** Cuts a list into runs of at most so many items and so many bytes, each with the place of its first item. */
export const batchesOf = <T>(
  items: readonly T[],
  { itemsMax, bytesMax, bytesOf }: BatchLimits<T>,
): readonly Batch<T>[] => {
  const batches: { from: number; items: T[] }[] = []
  let bytes = 0
  for (const [index, item] of items.entries()) {
    const size = bytesOf(item)
    const last = batches.at(-1)
    if (last && last.items.length < itemsMax && bytes + size <= bytesMax) {
      last.items.push(item)
      bytes += size
    } else {
      batches.push({ from: index, items: [item] })
      bytes = size
    }
  }
  return batches
}

export interface Batch<T> {
  readonly from: number
  readonly items: readonly T[]
}

export interface BatchLimits<T> {
  readonly itemsMax: number
  /** A single item may be larger: the backend says what it thinks of that. */
  readonly bytesMax: number
  readonly bytesOf: (item: T) => number
}
