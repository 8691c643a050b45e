/**
 * What clients of one head saw: an append asked to be put behind `expected` (absent: behind whatever is there) and was
 * told which turns it made; a read saw a whole path; a refused append was told where the head is instead.
 */
export type Operation = {
  /** By one clock that all clients share. */
  readonly invoked: number
  /** Infinity where no answer came: it may have happened at any time since, or never. */
  readonly returned: number
} & (
  | { readonly kind: 'append'; readonly expected?: string | null; readonly turns: readonly string[] }
  | { readonly kind: 'read'; readonly turns: readonly string[] }
  | { readonly kind: 'refused'; readonly expected: string | null; readonly head: string | null }
)

/** The part of the order that an operation takes up: a read, the point after the last turn that it saw. */
interface Span {
  readonly operation: Operation
  readonly start: number
  readonly end: number
}

/**
 * Everything that no single copy of the head could have answered, if each operation had its effect at one moment
 * between its call and its answer; nothing is what must be found. Turns have names of their own and are never taken
 * away, so the longest read is the order that all others have to fit: each append in one piece behind what it
 * expected, each read and each refusal somewhere in it, and what began after another had ended not before that one.
 */
export const findAnomalies = (operations: readonly Operation[]): readonly string[] => {
  const order = operations.reduce<readonly string[]>(
    (longest, operation) =>
      operation.kind === 'read' && operation.turns.length > longest.length ? operation.turns : longest,
    [],
  )
  const places = new Map(order.map((turn, index) => [turn, index + 1]))
  const wrong: string[] = []
  if (places.size !== order.length) wrong.push('a turn is there twice')
  const spans: Span[] = []
  const makers = new Map<string, number>()
  for (const operation of operations) {
    const place = placeOf(operation, order, places)
    if (typeof place === 'string') wrong.push(place)
    else if (place) spans.push(place)
    if (operation.kind === 'append')
      for (const turn of operation.turns) makers.set(turn, (makers.get(turn) ?? 0) + 1)
  }
  for (const turn of order)
    if (makers.get(turn) !== 1) wrong.push(`the turn ${turn} was made by ${makers.get(turn) ?? 0} appends`)
  return [...wrong, ...findReordered(spans)]
}

/** A sentence where there is no place for it; undefined for an append that never happened. */
const placeOf = (
  operation: Operation,
  order: readonly string[],
  places: ReadonlyMap<string, number>,
): Span | string | undefined => {
  if (operation.kind === 'read') {
    const { turns } = operation
    const odd = turns.findIndex((turn, index) => turn !== order[index])
    return odd === -1
      ? { operation, start: turns.length, end: turns.length }
      : `a read saw ${turns[odd]} at the place ${odd + 1}, where ${order[odd]} is`
  }
  if (operation.kind === 'refused') {
    const { head, expected } = operation
    const at = head === null ? 0 : places.get(head)
    if (head === expected) return `an append behind ${expected} was refused although the head was there`
    return at === undefined
      ? `a refusal named the turn ${head}, which is not there`
      : spanOf(operation, at, at)
  }
  const { turns, expected, returned } = operation
  const first = places.get(turns[0] ?? '')
  if (first === undefined)
    return returned === Infinity ? undefined : `${turns.join(', ')}: acknowledged, and not there`
  if (!turns.every((turn, index) => order[first - 1 + index] === turn))
    return `${turns.join(', ')}: not in one piece`
  const before = order[first - 2] ?? null
  if (expected !== undefined && before !== expected)
    return `${turns[0]} was put behind ${before}, and was to be behind ${expected}`
  return spanOf(operation, first - 1, first - 1 + turns.length)
}

const spanOf = (operation: Operation, start: number, end: number): Span => ({ operation, start, end })

/** What began after others had ended must lie behind all of them. */
const findReordered = (spans: readonly Span[]): readonly string[] => {
  const begun = spans.toSorted((a, b) => a.operation.invoked - b.operation.invoked)
  const ended = spans.toSorted((a, b) => a.operation.returned - b.operation.returned)
  const wrong: string[] = []
  let known = 0
  let seen = 0
  for (const { operation, start } of begun) {
    for (
      let next = ended[known];
      next && next.operation.returned < operation.invoked;
      next = ended[(known += 1)]
    )
      seen = Math.max(seen, next.end)
    if (start < seen)
      wrong.push(`a ${operation.kind} began when ${seen} turns were known, and went by ${start}`)
  }
  return wrong
}
