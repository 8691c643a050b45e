/** Texts that are kept while there is room; those read or written longest ago go first. */
export interface LruStoreOptions {
  /** 50,000 when absent. */
  readonly entriesMax?: number
  /** Of all texts together; 64 MiB when absent, at two bytes a character. */
  readonly bytesMax?: number
}

/** A Map that forgets, for a Keyv to sit on: the cache that needs no server. */
export const createLruStore = (options: LruStoreOptions = {}): Map<string, unknown> => {
  const { entriesMax = 50_000, bytesMax = 64 * 1024 * 1024 } = options
  return new LruMap(entriesMax, bytesMax)
}

/** A class, since Keyv asks whether its store is a Map. */
class LruMap extends Map<string, unknown> {
  readonly #entriesMax: number
  readonly #bytesMax: number
  #bytes = 0

  constructor(entriesMax: number, bytesMax: number) {
    super()
    this.#entriesMax = entriesMax
    this.#bytesMax = bytesMax
  }

  override get(key: string): unknown {
    const value = super.get(key)
    if (value !== undefined) {
      super.delete(key)
      super.set(key, value)
    }
    return value
  }

  override set(key: string, value: unknown): this {
    this.delete(key)
    this.#bytes += sizeOf(key, value)
    super.set(key, value)
    while (this.size > this.#entriesMax || this.#bytes > this.#bytesMax)
      this.delete(this.keys().next().value!)
    return this
  }

  override delete(key: string): boolean {
    if (this.has(key)) this.#bytes -= sizeOf(key, super.get(key))
    return super.delete(key)
  }

  override clear(): void {
    super.clear()
    this.#bytes = 0
  }
}

const sizeOf = (key: string, value: unknown): number =>
  2 * (key.length + (typeof value === 'string' ? value.length : 0))
