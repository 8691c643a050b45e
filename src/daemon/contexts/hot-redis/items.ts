import { promisify } from 'node:util'
import { constants, crc32, zstdCompress } from 'node:zlib'
import type { StoredTurn, TurnOrigin, TurnState } from '../../../core/context.ts'
import type { Role } from '../../../core/inference.ts'
import { packFrame, unpackFrame } from '../frame.ts'
import { sha256 } from '../journal/hashes.ts'

/**
 * An item of a copy: a kind, a checksum, and turns, which are the length of a header, the header as JSON, and their
 * bodies one behind the other. Hashes are not in it: they are made of the bodies that are read, and the last one must
 * be the one that the journal tells.
 */
const kinds = { raw: 1, packed: 2 } as const
const checksumAt = 1
const contentAt = 5
const lengthBytes = 4

/** A block is full from so many turns or bytes of bodies on. */
export const blockTurns = 64
const blockBytes = 128 * 1024
/** Largest content of an item: one body of the largest size, and what is said of it. */
const contentMaxBytes = 16 * 1024 * 1024

/** A turn without what follows from the turns before it. */
export type ItemTurn = Omit<StoredTurn, 'seq' | 'bodyHash' | 'chainHash' | 'bodyBytes'>

/** What is known of turns beside their bodies, in their order. Equal things next to each other take next to nothing. */
interface Header {
  readonly ids: readonly string[]
  /** 0: the turn before it. */
  readonly parents: readonly (string | null | 0)[]
  readonly roles: readonly Role[]
  /** Milliseconds after the turn before it. */
  readonly times: readonly number[]
  readonly states: readonly TurnState[]
  readonly pinned: readonly (0 | 1)[]
  readonly bytes: readonly number[]
  /** By the place of the turn. */
  readonly origins: Readonly<Record<string, TurnOrigin>>
}

/** Bytes to bytes, for one context: encryption and its reverse. */
export interface Sealing {
  readonly seal: (bytes: Buffer) => Buffer
  readonly open: (bytes: Buffer) => Buffer
}

const headerOf = (turns: readonly ItemTurn[]): Header => ({
  ids: turns.map(({ id }) => id),
  parents: turns.map(({ parent }, at) => (at > 0 && parent === turns[at - 1]?.id ? 0 : parent)),
  roles: turns.map(({ role }) => role),
  times: turns.map(({ at: time }, at) => time - (turns[at - 1]?.at ?? 0)),
  states: turns.map(({ state }) => state),
  pinned: turns.map(({ pinned }) => (pinned ? 1 : 0)),
  bytes: turns.map(({ body }) => body.length),
  origins: Object.fromEntries(turns.flatMap(({ origin }, at) => (origin ? [[at, origin]] : []))),
})

const contentOf = (turns: readonly ItemTurn[]): Buffer => {
  const header = Buffer.from(JSON.stringify(headerOf(turns)))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(header.length)
  return Buffer.concat([length, header, ...turns.map(({ body }) => body)])
}

const itemOf = (kind: number, content: Buffer, { seal }: Sealing): Buffer => {
  const sealed = seal(content)
  const head = Buffer.alloc(contentAt)
  head.writeUInt8(kind)
  head.writeUInt32BE(crc32(sealed), checksumAt)
  return Buffer.concat([head, sealed])
}

/** Below this a frame of zstd is hardly smaller than what is in it. */
const packedMinBytes = 256

/** One turn by itself: what is behind the blocks. */
export const turnItem = (turn: ItemTurn, sealing: Sealing): Buffer => {
  const content = contentOf([turn])
  const packed = content.length < packedMinBytes ? content : packFrame(content)
  return packed.length < content.length
    ? itemOf(kinds.packed, packed, sealing)
    : itemOf(kinds.raw, content, sealing)
}

const compress = promisify(zstdCompress)
/** Nobody waits for it, and a higher level would take four times as long for half a percent. */
const params = { [constants.ZSTD_c_compressionLevel]: 6 }

/** Turns in blocks, the last of which may not be full. */
export const blocksOf = async (
  turns: readonly ItemTurn[],
  sealing: Sealing,
): Promise<{ readonly items: readonly Buffer[]; readonly full: number }> => {
  const blocks: ItemTurn[][] = []
  let block: ItemTurn[] = []
  let bytes = 0
  for (const turn of turns) {
    block.push(turn)
    bytes += turn.body.length
    if (block.length < blockTurns && bytes < blockBytes) continue
    blocks.push(block)
    block = []
    bytes = 0
  }
  const full = blocks.length
  if (block.length > 0) blocks.push(block)
  const pack = async (each: readonly ItemTurn[]): Promise<Buffer> =>
    itemOf(kinds.packed, await compress(contentOf(each), { params }), sealing)
  return { items: await Promise.all(blocks.map(pack)), full }
}

/** The turns of items, each once, as the last item that has it says. Throws for what is not as it was written. */
export const readItems = (items: readonly Buffer[], { open }: Sealing): ReadonlyMap<string, ItemTurn> => {
  const turns = new Map<string, ItemTurn>()
  for (const item of items) {
    const content = item.subarray(contentAt)
    if (item.length < contentAt || item.readUInt32BE(checksumAt) !== crc32(content)) throw unreadable()
    const opened = open(content)
    const kind = item.readUInt8()
    if (kind === kinds.packed) readTurns(unpackFrame(opened, contentMaxBytes, opened.length * ratio), turns)
    else if (kind === kinds.raw) readTurns(opened, turns)
    else throw unreadable()
  }
  return turns
}

/** How many times its frame conversation usually is. */
const ratio = 4

const readTurns = (plain: Buffer, turns: Map<string, ItemTurn>): void => {
  let at = lengthBytes + plain.readUInt32BE()
  // The checksum says that it is as it was written, and all that write it write headers.
  const header = JSON.parse(plain.toString('utf8', lengthBytes, at)) as Header
  const { ids, parents, roles, times, states, pinned, bytes, origins } = header
  let before: ItemTurn | undefined
  for (const [index, id] of ids.entries()) {
    const end = at + bytes[index]!
    const origin = origins[index]
    before = {
      id,
      parent: parents[index] === 0 ? (before?.id ?? null) : parents[index]!,
      role: roles[index]!,
      at: (before?.at ?? 0) + times[index]!,
      state: states[index]!,
      pinned: pinned[index] === 1,
      ...(origin && { origin }),
      body: plain.subarray(at, end),
    }
    at = end
    turns.set(id, before)
  }
  if (at !== plain.length) throw unreadable()
}

const unreadable = (): Error => new Error('An item is not as it was written.')

/** A path made of turns by their ids; undefined where one of them is not there. Ends in a circle: throws. */
export const pathIn = (
  turns: ReadonlyMap<string, ItemTurn>,
  end: string,
): readonly StoredTurn[] | undefined => {
  const path: ItemTurn[] = []
  for (let id: string | null = end; id !== null;) {
    const turn = turns.get(id)
    if (!turn) return undefined
    if (path.length === turns.size) throw unreadable()
    path.push(turn)
    id = turn.parent
  }
  // As `chainHashOf` does, but fast: it is done for every turn of every path that is read.
  const links = Buffer.alloc(2 * hashBytes)
  let chainHash = ''
  return path.toReversed().map((turn, index) => {
    const bodyHash = sha256(turn.body)
    links.write(chainHash, 'base64url')
    links.write(bodyHash, hashBytes, 'base64url')
    chainHash = sha256(index === 0 ? links.subarray(hashBytes) : links)
    return { ...turn, seq: index + 1, bodyHash, chainHash, bodyBytes: turn.body.length }
  })
}

const hashBytes = 32
