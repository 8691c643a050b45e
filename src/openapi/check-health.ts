import { anchorsOf } from './anchors.ts'
import type { HealthFinding } from './health.ts'
import { isObject, type JsonObject, memberOf, textAt } from './json.ts'
import { type Kind, methods, referenceOf, walk } from './grammar.ts'
import { strayTargets, type Normalised } from './normalise/normalise.ts'
import { below, fragmentPointer, valueAt } from './pointer.ts'
import { schemaFaults } from './schema-faults.ts'

/** Findings of one kind beyond this many are left out: a document that is wrong everywhere says so early. */
const findingsMax = 1000

/** Dangling references, schemas that the dialect does not allow, names used twice. Pointers are into the source. */
export const checkHealth = ({ document, version, sourcePointer }: Normalised): readonly HealthFinding[] => {
  const health: HealthFinding[] = []
  let names: ReadonlyMap<string, string> | undefined
  const anchors = (): ReadonlyMap<string, string> => (names ??= anchorsOf(document))
  const report = (
    id: HealthFinding['id'],
    level: HealthFinding['level'],
    pointer: string,
    message: string,
  ): void => {
    if (health.length < findingsMax) health.push({ id, level, pointer: sourcePointer(pointer), message })
  }
  const visit = (kind: Kind, object: JsonObject, pointer: string): void => {
    const reference = referenceOf(object)
    if (reference !== undefined) checkReference(document, anchors, reference, below(pointer, '$ref'), report)
    else if (kind === 'schema')
      for (const { keyword, message } of schemaFaults(object, version))
        report('dialect-error', 'error', below(pointer, keyword), message)
    else if (kind === 'media-type') checkMediaName(pointer, report)
  }
  walk('document', document, '', visit)
  for (const [pointer, kind] of strayTargets(document, new Set())) {
    const value = valueAt(document, pointer)
    if (value !== undefined) walk(kind, value, pointer, visit)
  }
  checkOperationIds(document, report)
  return health
}

type Report = (
  id: HealthFinding['id'],
  level: HealthFinding['level'],
  pointer: string,
  message: string,
) => void

const checkReference = (
  document: JsonObject,
  anchors: () => ReadonlyMap<string, string>,
  reference: string,
  pointer: string,
  report: Report,
): void => {
  const target = fragmentPointer(reference)
  const isNamed = target === undefined || (target !== '' && !target.startsWith('/'))
  if (isNamed && anchors().has(target ?? reference)) return
  if (target === undefined)
    report(
      'external-reference',
      'warning',
      pointer,
      `"${short(reference)}" is outside this document and was not read.`,
    )
  else if (isNamed || valueAt(document, target) === undefined)
    report('dangling-reference', 'error', pointer, `"${short(reference)}" names nothing in this document.`)
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text)

const checkMediaName = (pointer: string, report: Report): void => {
  const name = pointer.slice(pointer.lastIndexOf('/') + 1).replaceAll('~1', '/')
  if (name !== name.trim())
    report(
      'odd-name',
      'warning',
      pointer,
      `The media type "${name}" has a space around it, and is read without.`,
    )
}

const checkOperationIds = (document: JsonObject, report: Report): void => {
  const seen = new Set<string>()
  for (const [path, item] of Object.entries(isObject(document['paths']) ? document['paths'] : {}))
    for (const method of methods) {
      const operation = memberOf(item, method)
      const id = textAt(operation, 'operationId')
      const pointer = `${below('/paths', path)}/${method}/operationId`
      if (id === undefined) continue
      if (seen.has(id))
        report(
          'duplicate-operation-id',
          'warning',
          pointer,
          `The operationId "${short(id)}" is used more than once.`,
        )
      seen.add(id)
    }
}
