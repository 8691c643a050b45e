import { McpdError } from '../../core/errors.ts'
import { parseDuration } from '../../core/quantity.ts'

/** What the proxy between client and target can do to them. */
export const faultKinds = ['kill', 'freeze', 'slow', '5xx', 'cut'] as const
export type FaultKind = (typeof faultKinds)[number]

/** Times in ms from the first request. */
export interface Fault {
  readonly kind: FaultKind
  readonly fromMs: number
  readonly toMs: number
}

/** All of them in turn, each followed by time to recover. */
export const defaultFaults: readonly Fault[] = faultKinds.map((kind, index) => ({
  kind,
  fromMs: 5000 + index * 8000,
  toMs: 8000 + index * 8000,
}))

/** Time after the last fault in which a recovery can be seen. */
export const recoveryMs = 5000

/** Reads `freeze@10s+3s`. Throws USAGE. */
export const parseFaults = (texts: readonly string[]): readonly Fault[] => {
  const faults = texts.map(parseFault).sort((a, b) => a.fromMs - b.fromMs)
  for (const [index, { fromMs }] of faults.entries())
    if (index > 0 && fromMs < faults[index - 1]!.toMs)
      throw new McpdError('USAGE', 'Two faults overlap: what each does could not be told apart.')
  return faults
}

const parseFault = (text: string): Fault => {
  const [, kind = '', from = '', length = ''] = /^([\w]+)@([\w.]+)\+([\w.]+)$/.exec(text.trim()) ?? []
  if (!faultKinds.some((known) => known === kind)) throw malformed(text)
  try {
    const fromMs = parseDuration(from)
    return { kind: kind as FaultKind, fromMs, toMs: fromMs + parseDuration(length) }
  } catch (error) {
    throw malformed(text, error)
  }
}

const malformed = (text: string, cause?: unknown): McpdError =>
  new McpdError(
    'USAGE',
    `"${text}" is no fault.`,
    { suggestions: [`Write KIND@START+LENGTH, such as freeze@10s+3s; there are ${faultKinds.join(', ')}.`] },
    cause,
  )
