import { isWritable } from './wire/serialise.ts'
import type { OperationMemory, Session } from './session.ts'

const shareOf = ({ statuses, requests }: OperationMemory, ...wanted: readonly number[]): number =>
  requests === 0 ? 0 : wanted.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0) / requests

/** Why an operation never succeeded, by operation. */
export const reasonsOf = (session: Session): ReadonlyMap<string, string> =>
  new Map(
    session.operations.flatMap((operation) => {
      const memory = session.memory(operation)
      const reason = memory.successes > 0 ? undefined : reasonOf(memory)
      return reason === undefined ? [] : [[operation.key, reason] as const]
    }),
  )

const reasonOf = (memory: OperationMemory): string => {
  const { body } = memory.operation
  if (body?.required && !body.media.some(({ type }) => isWritable(type)))
    return `its body cannot be written: ${body.media.map(({ type }) => type).join(', ')}`
  if (memory.requests === 0) return 'the time was over before its turn'
  if (shareOf(memory, 401, 403) > 0.5) return 'answers 401 or 403: give --auth'
  if (shareOf(memory, 404) > 0.5) return 'nothing was found that its path could refer to (404)'
  if (shareOf(memory, 405) > 0.5) return 'the target does not have the method (405)'
  if (shareOf(memory, 0) > 0.5) return 'no answer came'
  if (shareOf(memory, 429) > 0.5) return 'the target limits the rate (429): give --rate'
  const [most = 0] = [...memory.statuses].toSorted(([, left], [, right]) => right - left)[0] ?? []
  return `no valid request was taken; mostly answered ${most}`
}

/** What makes a result worth less than it looks. */
export const warningsOf = (session: Session): readonly string[] =>
  session.operations.flatMap((operation) => {
    const memory = session.memory(operation)
    if (memory.requests > 0 && memory.successes === 0) return [`${operation.key}: ${reasonOf(memory)}.`]
    if (memory.timeouts > 0)
      return [`${operation.key}: ${memory.timeouts} requests got no whole answer in time.`]
    return []
  })
