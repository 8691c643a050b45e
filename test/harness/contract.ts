import { Ajv2020 } from 'ajv/dist/2020.js'
import { createSseDecoder } from '../../src/core/sse.ts'

/**
 * Holds answers against the daemon's own OpenAPI document: path, status, content type, body, and the data of
 * each server-sent event. Throws with what is wrong; used on every answer of the test suite.
 */
export interface Contract {
  check(answer: ContractAnswer): void
  /** How many answers have been held against it. */
  readonly checked: number
}

export interface ContractAnswer {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly status: number
  readonly contentType: string
  readonly body: string
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { responses: Record<string, { content?: Content }> }>>
  readonly components: object
}
type Content = Record<string, { schema?: object; 'x-itemSchema'?: object }>

export const createContract = (document: object): Contract => {
  const { paths, components } = document as OpenApi
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const validators = new WeakMap<object, (value: unknown) => void>()
  let checked = 0

  const validate = (schema: object, value: unknown, where: string): void => {
    let run = validators.get(schema)
    if (!run) {
      const compiled = ajv.compile({ ...schema, components })
      run = (value) => {
        if (!compiled(value))
          throw new Error(
            `${where} breaks its schema: ${ajv.errorsText(compiled.errors)}\n${JSON.stringify(value)}`,
          )
      }
      validators.set(schema, run)
    }
    run(value)
  }

  // The longest first: the name of a model may hold what looks like the rest of another path.
  const templates = Object.entries(paths).toSorted(
    ([left], [right]) => right.split('/').length - left.split('/').length,
  )

  const operationOf = (method: string, path: string) => {
    for (const [template, methods] of templates) {
      const names = template.split('/')
      const source = names
        .map((segment, index) => {
          // Only the name of a model may hold raw slashes.
          if (segment === '{model}' || segment === '{id}') return index === names.length - 1 ? '.+' : '.+?'
          if (segment === '{*}') return '.+'
          return segment.startsWith('{') ? '[^/]+' : RegExp.escape(segment)
        })
        .join('/')
      if (new RegExp(`^${source}$`).test(path) && methods[method.toLowerCase()])
        return methods[method.toLowerCase()]
    }
    return undefined
  }

  const check = ({ method, path, status, contentType, body }: ContractAnswer): void => {
    checked += 1
    const where = `${method} ${path} → ${status} ${contentType}`
    const operation = operationOf(method, path.split('?')[0]!)
    // What is refused before it is routed, or has no route, is described by no operation.
    if (!operation) {
      if (status >= 400) return
      throw new Error(`${where} is not in the document`)
    }
    const response = operation.responses[status] ?? operation.responses['default']
    if (!response) throw new Error(`${where}: the document has no such status`)
    if (!response.content && body === '') return
    const type = contentType.split(';')[0]!.trim()
    const media = response.content?.[type] ?? response.content?.['*/*']
    if (!media) throw new Error(`${where}: the document has no such content type`)
    if (type === 'application/x-ndjson') {
      for (const line of body.split('\n').filter(Boolean)) {
        const value = JSON.parse(line) as { error?: unknown }
        if (value.error === undefined) validate(media['x-itemSchema']!, value, `${where}, a line`)
      }
    } else if (type.endsWith('json')) validate(media.schema!, JSON.parse(body), where)
    if (type === 'text/event-stream' && media['x-itemSchema'])
      for (const { data, event } of createSseDecoder().push(Buffer.from(body)))
        if (data && data !== '[DONE]' && event !== 'error') {
          const value = JSON.parse(data) as { error?: unknown }
          if (value.error === undefined) validate(media['x-itemSchema'], value, `${where}, an event`)
        }
  }

  return {
    check,
    get checked() {
      return checked
    },
  }
}
