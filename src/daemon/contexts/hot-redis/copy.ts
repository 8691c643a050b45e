import { type ItemTurn, readItems, type Sealing } from './items.ts'

/** What Redis has of a context. */
export type HotCopy =
  /** It says of which revision it is; who knows that this is still the one may believe what is in it. */
  | {
      readonly kind: 'copy'
      readonly seen: string
      readonly revision: string
      readonly turns: () => CopiedTurns
    }
  /** `seen` is undefined where the keys are not of the type that they should be. */
  | { readonly kind: 'none' | 'broken'; readonly seen: string | undefined }
  | { readonly kind: 'pending' }
  | { readonly kind: 'unavailable' }

/** Throws for items that are not as they were written. */
type CopiedTurns = ReadonlyMap<string, ItemTurn>

/** Of what the script `read` answers. */
export const copyOf = (answer: unknown, sealing: Sealing): HotCopy => {
  const [kind, seen, revision, items] = answer as readonly [Buffer, Buffer?, Buffer?, (readonly Buffer[])?]
  const word = String(kind)
  if (word === 'pending') return { kind: word }
  if (word === 'none') return { kind: word, seen: '' }
  if (word !== 'copy' || !revision || !items) return { kind: 'broken', seen: String(seen) }
  let turns: CopiedTurns | undefined
  return {
    kind: word,
    seen: String(seen),
    revision: String(revision),
    turns: () => (turns ??= readItems(items, sealing)),
  }
}
