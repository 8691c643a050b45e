import type { Append, NewTurn, Turn } from '../../../core/context.ts'
import { type Packed, pack, unpack } from '../journal/sqlite/wire.ts'

/** An append of which a repeat is known: with a key, and with the ids and times that its turns will have wherever it is written. */
export interface FixedAppend extends Append {
  readonly idempotencyKey: string
  readonly turns: readonly (NewTurn & { readonly id: string; readonly at: number })[]
}

/** An append that was acknowledged without PostgreSQL, and what was said about it. */
export interface SpoolEntry {
  /** As it is to be written: `expected` is where the head was, but for an answer that is closed. */
  readonly append: FixedAppend
  /** The turns as the client was told of them, an opened one last. */
  readonly told: readonly Turn[]
  /** Where the head is afterwards. */
  readonly head: string | null
}

export interface FixOptions {
  readonly newId: () => string
  /** Unix milliseconds. */
  readonly clock: () => number
}

/** Before it is tried for the first time: afterwards nobody knows whether it was written. */
export const fixAppend = (request: Append, { newId, clock }: FixOptions): FixedAppend => ({
  ...request,
  idempotencyKey: request.idempotencyKey ?? `spool ${newId()}`,
  turns: request.turns.map((turn, index) => ({
    ...turn,
    id: (index === 0 ? request.closes : undefined) ?? turn.id ?? newId(),
    at: turn.at ?? clock(),
  })),
})

/** The same where turns have got other ids in PostgreSQL than the client was told. */
export const renameIn = (entry: SpoolEntry, names: ReadonlyMap<string, string>): SpoolEntry => {
  if (names.size === 0) return entry
  const nameOf = (id: string): string => names.get(id) ?? id
  const { append } = entry
  const { expected, base, closes, turns } = append
  return {
    ...entry,
    append: {
      ...append,
      expected: expected === null ? null : nameOf(expected),
      ...(base !== undefined && { base: base === null ? null : nameOf(base) }),
      ...(closes !== undefined && { closes: nameOf(closes) }),
      turns: turns.map((turn) => (turn.id === closes ? { ...turn, id: nameOf(closes) } : turn)),
    },
    told: entry.told.map((turn) => ({
      ...turn,
      parent: turn.parent === null ? null : nameOf(turn.parent),
    })),
  }
}

type Head = Omit<SpoolEntry, 'append'> & { readonly append: Packed<FixedAppend> }

const lengthBytes = 4

/** The entry as bytes: the length of a text, the text, and the bodies one behind the other. */
export const encodeEntry = ({ append, ...rest }: SpoolEntry): Buffer => {
  const { packed, bytes } = pack([append])
  const text = Buffer.from(JSON.stringify({ ...rest, append: packed[0] }))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, Buffer.from(bytes)])
}

export const decodeEntry = (bytes: Buffer): SpoolEntry => {
  const end = lengthBytes + bytes.readUInt32BE(0)
  const { append, ...rest } = JSON.parse(bytes.toString('utf8', lengthBytes, end)) as Head
  const bodies = new Uint8Array(bytes.subarray(end)).buffer
  const [whole] = unpack<FixedAppend>([append], bodies)
  if (!whole) throw new TypeError('One value unpacked is one value.')
  return { ...rest, append: whole }
}
