import type { HealthFinding } from '../../openapi/health.ts'
import { isList, isObject, type Json, textAt } from '../../openapi/json.ts'
import { below, fragmentPointer, segmentsOf, valueAt } from '../../openapi/pointer.ts'
import { ask } from './ask.ts'

const limits = { timeoutMs: 30_000, memoryMaxMb: 1024 }
/** Versions that swagger-parser reads. */
const read = /^(2\.0|3\.0\.[0-4]|3\.1\.[0-2])$/
const findingsMax = 100

/**
 * What swagger-parser says of a document that mcpd has read, as findings. It does not look into the schemas of 3.1, of
 * which mcpd's own check speaks; it cannot say anything where a reference leads nowhere or the version is another.
 */
export const validationFindings = async (
  document: Json,
  known: readonly HealthFinding[],
  signal: AbortSignal,
): Promise<readonly HealthFinding[]> => {
  const version = textAt(document, 'openapi') ?? textAt(document, 'swagger') ?? 'none'
  if (!read.test(version))
    return [
      skipped(`swagger-parser does not read version ${version.slice(0, 20)}, so it did not validate this.`),
    ]
  if (known.some(({ id }) => id === 'dangling-reference' || id === 'external-reference'))
    return [skipped('swagger-parser cannot validate a document with references that lead nowhere.')]
  const answer = await ask({ task: 'validate', document }, limits, signal)
  if (answer.kind !== 'faults')
    return [
      skipped(
        `swagger-parser did not validate this: ${answer.kind === 'unable' ? answer.why : 'no answer'}.`,
      ),
    ]
  const findings = new Map<string, HealthFinding>()
  for (const { pointer, message } of answer.faults) {
    const place = sourcePlace(document, pointer)
    findings.set(`${place} ${message}`, {
      id: 'validation',
      level: 'warning',
      pointer: place,
      message: `${pointer === '' ? 'swagger-parser: ' : `${nameAt(pointer)} `}${message.slice(0, 300)}.`,
    })
  }
  return [...findings.values()].slice(0, findingsMax)
}

const skipped = (message: string): HealthFinding => ({
  id: 'validation',
  level: 'info',
  pointer: '',
  message,
})

const nameAt = (pointer: string): string => `"${segmentsOf(pointer).at(-1) ?? ''}"`

/** The place in the document of a pointer that leads through its references. */
const sourcePlace = (document: Json, pointer: string): string => {
  let place = ''
  let value: Json | undefined = document
  for (const segment of segmentsOf(pointer)) {
    const target = fragmentPointer(textAt(value, '$ref') ?? '')
    if (target !== undefined) {
      place = target
      value = valueAt(document, target)
    }
    place = below(place, isList(value) ? Number(segment) : segment)
    value = isList(value) ? value[Number(segment)] : isObject(value) ? value[segment] : undefined
  }
  return place
}
