import { isList, isObject, type Json, objectAt } from '../../openapi/json.ts'
import { methods } from '../../openapi/grammar.ts'
import { loadDocument } from '../../openapi/load.ts'
import { versionOf } from '../../openapi/normalise/normalise.ts'
import type { Report } from '../diff/report/report.ts'
import type { DiffDocument } from '../diff/diff.ts'
import { ask } from './ask.ts'
import type { Differences, Unable } from './question.ts'

type SecondOpinion = NonNullable<Report['secondOpinion']>

const tool = 'openapi-diff'
const limits = { timeoutMs: 60_000, memoryMaxMb: 2048 }
/** Operations named on either side. */
const namedMax = 50

/**
 * What npm's openapi-diff says of the same two documents. It reads valid documents of Swagger 2.0 and OpenAPI 3.0
 * without circles, and knows no parameters; of others it is unable.
 */
export const secondOpinion = async (
  base: DiffDocument,
  revision: DiffDocument,
  report: Report,
  signal: AbortSignal,
): Promise<SecondOpinion> => {
  const [before, after] = [base, revision].map(({ raw, label }) => loadDocument(raw, label).value)
  const answer = await asked(before ?? null, after ?? null, signal)
  if (answer.kind === 'unable')
    return {
      tool,
      verdict: 'unable',
      agrees: null,
      detail: shortened(answer.why),
      onlyMcpd: [],
      onlyTool: [],
    }
  const theirs = new Set(answer.breaking.flatMap(({ location }) => operationsAt(location, before ?? null)))
  const ours = new Set(
    report.changes
      .filter(({ severity, acknowledged }) => severity === 'breaking' && !acknowledged)
      .flatMap(({ operations }) => operations),
  )
  const isBreaking = answer.breaking.length > 0
  const codes = [...new Set(answer.breaking.map(({ code }) => code))].toSorted()
  return {
    tool,
    verdict: isBreaking ? 'breaking' : 'not breaking',
    agrees: isBreaking === (report.verdict === 'breaking'),
    detail: codes.join(', '),
    onlyMcpd: [...ours].filter((name) => !theirs.has(name)).slice(0, namedMax),
    onlyTool: [...theirs].filter((name) => !ours.has(name)).slice(0, namedMax),
  }
}

const asked = async (base: Json, revision: Json, signal: AbortSignal): Promise<Differences | Unable> => {
  for (const document of [base, revision]) {
    const version = isObject(document) ? versionOf(document) : '3.1'
    if (version !== '2.0' && version !== '3.0')
      return { kind: 'unable', why: `it reads Swagger 2.0 and OpenAPI 3.0, and this is ${version}` }
    // It would follow them: to files of this machine and to other hosts.
    if (refersOutside(document))
      return { kind: 'unable', why: 'a reference leads out of the document, and it would follow it' }
  }
  const answer = await ask({ task: 'diff', base, revision }, limits, signal)
  return answer.kind === 'faults' ? { kind: 'unable', why: 'it gave no answer' } : answer
}

/** Wherever it stands, in an example too: nobody else tells data from references. */
const refersOutside = (value: Json): boolean => {
  const waiting: Json[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isList(next)) waiting.push(...next)
    else if (isObject(next))
      for (const [name, member] of Object.entries(next)) {
        if (name === '$ref' && typeof member === 'string' && !member.startsWith('#')) return true
        waiting.push(member)
      }
  }
  return false
}

/** `paths./a.get.responses.200` → `GET /a`; of a whole path all its operations. */
const operationsAt = (location: string, document: Json): readonly string[] => {
  const inside = location.replace(/^paths\./, '')
  if (inside === location) return []
  const [, path, method] = new RegExp(`^(.+?)\\.(${methods.join('|')})(?:\\.|$)`).exec(inside) ?? []
  if (path !== undefined && method !== undefined) return [`${method.toUpperCase()} ${path}`]
  const item = objectAt(objectAt(document, 'paths'), inside)
  return methods.flatMap((each) => (Object.hasOwn(item, each) ? [`${each.toUpperCase()} ${inside}`] : []))
}

const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
