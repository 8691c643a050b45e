import { randomBytes } from 'node:crypto'
import type { ContextKey, StoredTurn } from '../../../core/context.ts'
import { failpoint } from '../failpoint.ts'
import { nameOf } from '../ids.ts'
import { RedisRefusal } from './connection.ts'
import type { HotCopy } from './copy.ts'
import type { RepairReason } from './counts.ts'
import { blocksOf, blockTurns, readItems, type Sealing, turnItem } from './items.ts'
import type { Runner } from './runner.ts'
import { scripts } from './scripts.ts'

export interface WriteOptions {
  readonly ttlMs: number
  readonly sealingOf: (key: ContextKey) => Sealing
}

/** So many turns lie by themselves behind the blocks, or so many bytes of them, before they are folded into one. */
const tailTurns = 4
const tailBytes = 8 * 1024
/** Larger copies would not come within the deadline. */
const copyMaxBytes = 4 * 1024 * 1024
/** Of the bodies: what is larger is not even compressed to see how large its copy would be. */
const pathMaxBytes = 8 * copyMaxBytes

/** Of a copy among those that were and will be there under the same keys, or of a writer. */
export const newName = (): string => randomBytes(9).toString('base64url')

/** Puts turns behind a copy that is of the revision before them, and folds its end when there is much of it. */
export const createApply = ({ run }: Runner, { ttlMs, sealingOf }: WriteOptions) => {
  const ttl = String(ttlMs)
  /** Contexts whose ends are being folded. */
  const folding = new Set<string>()

  const fold = async (key: ContextKey, [, name, times, items]: readonly unknown[]): Promise<void> => {
    const old = items as readonly Buffer[]
    const sealing = sealingOf(key)
    const blocks = await blocksOf([...readItems(old, sealing).values()], sealing)
    const numbers = [times as number, old.length, bytesOf(old), blocks.full].map(String)
    await run(scripts.fold, key, [name as Buffer, ...numbers, ttl, ...blocks.items])
  }
  return async (
    key: ContextKey,
    token: string,
    { from, to }: { readonly from: string | null; readonly to: string },
    turns: readonly StoredTurn[],
  ): Promise<void> => {
    const drop = () => run(scripts.drop, key, [token, 'copy'])
    // What the next read writes is in blocks.
    if (turns.length > blockTurns) return void (await drop())
    const sealing = sealingOf(key)
    const items = turns.map((turn) => turnItem(turn, sealing))
    const limits = [tailTurns + 1, tailBytes, copyMaxBytes].map(String)
    const args = [token, from ?? '', to, ttl, newName(), ...limits, ...items]
    let answer: readonly unknown[]
    try {
      answer = (await run(scripts.apply, key, args)) as readonly unknown[]
    } catch (error) {
      // Without these turns the copy is an old one, which only takes room.
      if (error instanceof RedisRefusal) await drop()
      throw error
    }
    failpoint('after-apply')
    const name = nameOf(key)
    if (String(answer[0]) !== 'ripe' || folding.has(name)) return
    folding.add(name)
    await fold(key, answer).finally(() => folding.delete(name))
  }
}

/** Writes a path over the copy that was read, or beside what is in it. Resolves with whether it was written. */
export const createPromote =
  ({ run }: Runner, { ttlMs, sealingOf }: WriteOptions) =>
  async (
    key: ContextKey,
    found: Extract<HotCopy, { readonly seen: unknown }>,
    reason: RepairReason,
    revision: string,
    path: readonly StoredTurn[],
  ): Promise<boolean> => {
    if (path.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) > pathMaxBytes) return false
    // Another branch of the same context: what they share is there already.
    const known = found.kind === 'copy' && reason === 'miss' ? found.turns() : undefined
    const more = known ? path.filter(({ id }) => !known.has(id)) : path
    const { items, full } = await blocksOf(more, sealingOf(key))
    if (bytesOf(items) > copyMaxBytes) return false
    const { seen } = found
    if (seen === undefined) await run(scripts.drop, key, ['', 'copy'])
    const numbers = [full, copyMaxBytes].map(String)
    const args = [
      seen ?? '',
      known ? 'add' : 'replace',
      revision,
      String(ttlMs),
      newName(),
      ...numbers,
      ...items,
    ]
    return String(await run(scripts.promote, key, args)) === 'promoted'
  }

const bytesOf = (items: readonly Buffer[]): number => items.reduce((sum, item) => sum + item.length, 0)
