import type { PathRange } from '../../../core/journal.ts'

/** The places of a path of `length` turns that a range leaves, both counted from 1; `to < from` means none. */
export const placesOf = (
  { from = 1, to = Infinity, last = Infinity }: PathRange,
  length: number,
): { readonly from: number; readonly to: number } => {
  const end = Math.min(to, length)
  return { from: Math.max(1, from, end - last + 1), to: end }
}
