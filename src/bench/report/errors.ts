import { errorClasses, type ErrorClass, type RequestRecord } from '../measure/record.ts'

export interface Errors {
  readonly total: number
  /** Of all requests that succeeded or failed. */
  readonly rate: number
  readonly byClass: Readonly<Partial<Record<ErrorClass, number>>>
  /** The most frequent messages, a few. */
  readonly messages: readonly {
    readonly class: ErrorClass
    readonly message: string
    readonly count: number
  }[]
}

const messagesMax = 8

export const countErrors = (records: readonly RequestRecord[]): Errors => {
  const byClass: Partial<Record<ErrorClass, number>> = {}
  const messages = new Map<string, { class: ErrorClass; message: string; count: number }>()
  let total = 0
  let over = 0
  for (const { outcome, message = '' } of records) {
    if (outcome === 'cancelled') continue
    over += 1
    if (outcome === 'ok') continue
    total += 1
    byClass[outcome] = (byClass[outcome] ?? 0) + 1
    const key = `${outcome} ${message}`
    const known = messages.get(key)
    if (known) known.count += 1
    else messages.set(key, { class: outcome, message, count: 1 })
  }
  return {
    total,
    rate: over === 0 ? 0 : total / over,
    byClass: Object.fromEntries(
      errorClasses.flatMap((name) => (byClass[name] ? [[name, byClass[name]]] : [])),
    ),
    messages: [...messages.values()].sort((a, b) => b.count - a.count).slice(0, messagesMax),
  }
}
