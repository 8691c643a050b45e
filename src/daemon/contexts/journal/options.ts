/** What every driver takes. Time and ids are passed in, so that tests know them. */
export interface JournalOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Makes the ids of turns that come without one. */
  readonly newId: () => string
  /** Who reads the outbox: entries are kept until all of them have settled. Default: nobody, and none are kept. */
  readonly consumers?: readonly string[]
}
