import {
  isObject,
  type Json,
  type JsonObject,
  listAt,
  memberOf,
  objectAt,
  textAt,
} from '../../openapi/json.ts'
import { below } from '../../openapi/pointer.ts'
import type { Space, View } from '../../openapi/schema/view.ts'
import type { Place } from '../../openapi/spec.ts'
import type { Link, ResponseSpec } from './operation.ts'
import { examplesOf, type Reading } from './reading.ts'

interface Content {
  readonly type: string
  readonly view?: View
  readonly itemView?: View
  readonly examples: readonly Json[]
}

/** The media types of a body or a response. */
export const readContents = (
  { spec }: Reading,
  space: Space,
  { value, pointer }: Place,
): readonly Content[] =>
  Object.entries(objectAt(value, 'content')).flatMap(([name, written]) => {
    const place = below(`${pointer}/content`, name)
    const media = spec.follow(written, place)
    if (!media) return []
    const schema = memberOf(media.value, 'schema')
    const item = itemSchemaOf(spec, media.value['itemSchema'], `${media.pointer}/itemSchema`)
    const view = schema === undefined ? undefined : space.view(schema, `${media.pointer}/schema`)
    return [
      {
        type: (name.split(';')[0] ?? name).trim().toLowerCase(),
        ...(view && { view }),
        ...(item && { itemView: space.view(item.schema, item.pointer) }),
        examples: [...examplesOf(spec, media.value), ...schemaExamples(view)],
      },
    ]
  })

interface ItemSchema {
  readonly schema: Json
  readonly pointer: string
}

/**
 * The schema of an item of a stream. OpenAPI 3.2 describes events whole, with `data` as a text whose contentSchema says
 * what is in it, and perhaps an end marker beside it; many documents describe the data only.
 */
const itemSchemaOf = (
  spec: Reading['spec'],
  written: Json | undefined,
  pointer: string,
): ItemSchema | undefined => {
  if (written === undefined) return undefined
  const place = spec.follow(written, pointer)
  if (!place) return { schema: written, pointer }
  for (const word of ['oneOf', 'anyOf'])
    for (const [at, each] of listAt(place.value, word).entries()) {
      const alternative = spec.follow(each, `${place.pointer}/${word}/${at}`)
      const found = alternative && contentSchemaOf(spec, alternative)
      if (found) return found
    }
  return contentSchemaOf(spec, place) ?? { schema: written, pointer }
}

const contentSchemaOf = (spec: Reading['spec'], { value, pointer }: Place): ItemSchema | undefined => {
  const data = objectAt(value, 'properties')['data']
  const place = data === undefined ? undefined : spec.follow(data, `${pointer}/properties/data`)
  const schema = place?.value['contentSchema']
  return schema === undefined ? undefined : { schema, pointer: `${place?.pointer}/contentSchema` }
}

const schemaExamples = (view: View | undefined): readonly Json[] =>
  (view?.atoms ?? []).flatMap(({ node }) => {
    const one = memberOf(node, 'example')
    const many = memberOf(node, 'examples')
    return [...(one === undefined ? [] : [one]), ...(Array.isArray(many) ? (many as readonly Json[]) : [])]
  })

export const readResponses = (
  reading: Reading,
  node: JsonObject,
  pointer: string,
): ReadonlyMap<string, ResponseSpec> => {
  const { spec, response } = reading
  const found = new Map<string, ResponseSpec>()
  for (const [status, written] of Object.entries(objectAt(node, 'responses'))) {
    const place = spec.follow(written, below(`${pointer}/responses`, status))
    if (!place || !/^([1-5]\d\d|[1-5]XX|default)$/i.test(status)) continue
    const headers = Object.entries(objectAt(place.value, 'headers')).flatMap(([name, header]) => {
      const own = spec.follow(header, below(`${place.pointer}/headers`, name))
      // OpenAPI has a Content-Type header ignored: the media type says it.
      if (!own || name.toLowerCase() === 'content-type') return []
      const view = response.view(own.value['schema'], `${own.pointer}/schema`)
      return [{ name: name.toLowerCase(), required: own.value['required'] === true, view }]
    })
    const key = status.toLowerCase() === 'default' ? 'default' : status.toUpperCase()
    found.set(key, {
      status: key,
      content: readContents(reading, response, place),
      headers,
      links: readLinks(reading, place),
    })
  }
  return found
}

const readLinks = ({ spec }: Reading, { value, pointer }: Place): readonly Link[] =>
  Object.entries(objectAt(value, 'links')).flatMap(([name, written]) => {
    const link = spec.follow(written, below(`${pointer}/links`, name))?.value
    if (!link) return []
    const operationId = textAt(link, 'operationId')
    const operationRef = textAt(link, 'operationRef')
    const parameters = Object.fromEntries(
      Object.entries(objectAt(link, 'parameters')).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    )
    if (!isObject(link) || (operationId === undefined && operationRef === undefined)) return []
    return [
      {
        ...(operationId !== undefined && { operationId }),
        ...(operationRef !== undefined && { operationRef }),
        parameters,
      },
    ]
  })
