import type { Json, JsonObject } from '../../openapi/json.ts'
import type { View } from '../../openapi/schema/view.ts'
import type { Place } from '../call.ts'

/** An operation of the document, references followed and schemas read, as a fuzzer needs it. */
export interface Operation {
  /** `GET /pets/{petId}`: names it everywhere. */
  readonly key: string
  /** Upper case. */
  readonly method: string
  readonly path: string
  readonly id?: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly body?: RequestBody
  /** By status as written: `200`, `4XX`, `default`. */
  readonly responses: ReadonlyMap<string, ResponseSpec>
  /** Alternatives, each a list of schemes that go together; empty where nothing is asked for. */
  readonly security: readonly (readonly SecurityScheme[])[]
  /** Whether one of the alternatives is to send nothing. */
  readonly isAuthOptional: boolean
  /** Generates text or numbers with a model: costs, takes its time and answers differently every time. */
  readonly isModel: boolean
}

export interface Parameter {
  readonly in: Exclude<Place, 'body'>
  readonly name: string
  readonly required: boolean
  readonly view: View
  readonly style: string
  readonly explode: boolean
  /** Written as JSON inside the parameter. */
  readonly isJson: boolean
  readonly examples: readonly Json[]
}

export interface RequestBody {
  readonly required: boolean
  readonly media: readonly MediaType[]
}

export interface MediaType {
  /** Lower case, without parameters. */
  readonly type: string
  readonly view: View
  readonly examples: readonly Json[]
}

export interface ResponseSpec {
  readonly status: string
  readonly content: readonly ResponseContent[]
  readonly headers: readonly { readonly name: string; readonly required: boolean; readonly view: View }[]
  readonly links: readonly Link[]
}

export interface ResponseContent {
  readonly type: string
  /** Of the whole body. */
  readonly view?: View
  /** Of each event or line. */
  readonly itemView?: View
}

/** Which operation takes what of this answer: `parameters: { petId: '$response.body#/id' }`. */
export interface Link {
  readonly operationId?: string
  readonly operationRef?: string
  readonly parameters: Readonly<Record<string, string>>
}

export interface SecurityScheme {
  readonly name: string
  readonly type: string
  /** Of `http`: `bearer`, `basic`. */
  readonly scheme: string
  readonly in: string
  /** Header, query or cookie name of an `apiKey`. */
  readonly key: string
}

export interface Api {
  readonly operations: readonly Operation[]
  /** By key. */
  readonly byKey: ReadonlyMap<string, Operation>
  /** Methods that the document has for a path, upper case. */
  readonly methodsOf: ReadonlyMap<string, readonly string[]>
  readonly title: string
  readonly version: string
  readonly document: JsonObject
  /** What could not be read and is therefore not tested. */
  readonly faults: readonly string[]
}

/** The documented answer of a status: exact, then its class, then `default`. */
export const responseOf = (operation: Operation, status: number): ResponseSpec | undefined =>
  operation.responses.get(String(status)) ??
  operation.responses.get(`${Math.floor(status / 100)}XX`) ??
  operation.responses.get('default')

/** Methods that the document has for a path as it is sent, of all templates that match it. */
export const methodsAt = ({ methodsOf }: Api, sent: string): ReadonlySet<string> => {
  const path = sent.split('?')[0] ?? sent
  return new Set(
    [...methodsOf].flatMap(([template, methods]) => (templateOf(template).test(path) ? methods : [])),
  )
}

const templates = new Map<string, RegExp>()

/** `{*}` stands for any number of segments. */
const templateOf = (template: string): RegExp => {
  const known = templates.get(template)
  if (known) return known
  const parts = template
    .split(/(\{[^{}]*\})/)
    .map((part) =>
      part === '{*}'
        ? '.*'
        : part.startsWith('{')
          ? '[^/]+'
          : part.replaceAll(/[.+?^${}()|[\]\\*]/g, String.raw`\$&`),
    )
  const made = new RegExp(`^${parts.join('')}/?$`)
  templates.set(template, made)
  return made
}

export const isJsonType = (type: string): boolean => /^[^/]+\/(json|[^;]+\+json)$/.test(type)

/** Types whose bodies are made of items: events or lines. */
export const isStreamType = (type: string): boolean =>
  type === 'text/event-stream' || /^application\/(x-ndjson|ndjson|jsonl|json-seq|stream\+json)$/.test(type)
