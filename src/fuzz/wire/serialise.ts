import { asText, isList, isObject, type Json } from '../../openapi/json.ts'
import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { View } from '../../openapi/schema/view.ts'
import type { Operation, Parameter } from '../api/operation.ts'
import { isJsonType } from '../api/operation.ts'
import type { Call, CallBody } from '../call.ts'
import { isXmlType, writeXml } from './xml.ts'

/** What goes over the wire of a call, before credentials: the target keeps whatever was put in it. */
export interface Serialised {
  readonly method: string
  /** Path and query, percent-encoded. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: string
  readonly bodyEncoding?: 'utf8' | 'base64'
}

/** Everything but what needs no encoding anywhere; a dot alone would change the path. */
const encode = (text: string): string =>
  text === '.' ? '%2E' : text === '..' ? '%2E%2E' : encodeURIComponent(wellFormed(text))

/** Half of a surrogate pair has no UTF-8. */
export const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed())

export const serialise = (operation: Operation, call: Call): Serialised => {
  const parameters = new Map(operation.parameters.map((each) => [`${each.in} ${each.name}`, each]))
  const headers: [string, string][] = []
  for (const [name, value] of Object.entries(call.header))
    headers.push([name.toLowerCase(), headerText(value)])
  const cookies = Object.entries(call.cookie).map(([name, value]) => `${name}=${encode(asText(value))}`)
  if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')])
  const view = operation.body?.media.find(({ type }) => type === call.body?.mediaType)?.view
  const body = call.body && writeBody(call.body, view)
  if (call.body?.mediaType !== undefined)
    headers.push(['content-type', body?.contentType ?? call.body.mediaType])
  const extra = new Map((call.extraHeaders ?? []).map(([name, value]) => [name.toLowerCase(), value]))
  const accept = acceptOf(operation)
  const sent = [...(accept === '' ? [] : [['accept', accept] as [string, string]]), ...headers].filter(
    ([name]) => !extra.has(name),
  )
  for (const [name, value] of call.extraHeaders ?? [])
    if (value !== '') sent.push([name.toLowerCase(), value])
  return {
    method: call.method ?? operation.method,
    target: call.target ?? targetOf(operation, call, parameters),
    headers: sent,
    ...(body && { body: body.text, bodyEncoding: body.encoding }),
  }
}

/** Any of the types that the document names, the plainest first: a client that can read them all. */
const acceptOf = ({ responses }: Operation): string => {
  const types = [
    ...new Set([...responses.values()].flatMap(({ content }) => content.map(({ type }) => type))),
  ]
  return types.length === 0 ? '*/*' : [...types, '*/*;q=0.1'].join(', ')
}

const headerText = (value: Json): string =>
  isList(value)
    ? value.map(asText).join(',')
    : isObject(value)
      ? Object.entries(value)
          .flatMap(([name, member]) => [name, asText(member)])
          .join(',')
      : asText(value)

const targetOf = (operation: Operation, call: Call, parameters: ReadonlyMap<string, Parameter>): string => {
  const path = operation.path.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => {
    const value = call.path[name]
    return value === undefined ? encode(whole) : pathText(parameters.get(`path ${name}`), name, value)
  })
  const query = Object.entries(call.query)
    .flatMap(([name, value]) => queryPairs(parameters.get(`query ${name}`), name, value))
    .join('&')
  return query === '' ? path : `${path}?${query}`
}

const pathText = (parameter: Parameter | undefined, name: string, value: Json): string => {
  const style = parameter?.style ?? 'simple'
  const explode = parameter?.explode ?? false
  const items = isList(value)
    ? value.map((each) => encode(asText(each)))
    : isObject(value)
      ? Object.entries(value).map(
          ([key, each]) => `${encode(key)}${explode ? '=' : ','}${encode(asText(each))}`,
        )
      : [encode(parameter?.isJson ? JSON.stringify(value) : asText(value))]
  if (style === 'label') return `.${items.join(explode ? '.' : ',')}`
  if (style === 'matrix')
    return explode && isList(value)
      ? items.map((each) => `;${encode(name)}=${each}`).join('')
      : `;${encode(name)}=${items.join(',')}`
  return items.join(',')
}

const queryPairs = (parameter: Parameter | undefined, name: string, value: Json): readonly string[] => {
  const key = encode(name)
  if (parameter?.isJson) return [`${key}=${encode(JSON.stringify(value))}`]
  const style = parameter?.style ?? 'form'
  const explode = parameter?.explode ?? true
  if (isList(value)) {
    if (explode && style === 'form') return value.map((each) => `${key}=${encode(asText(each))}`)
    const separator = style === 'spaceDelimited' ? '%20' : style === 'pipeDelimited' ? '%7C' : ','
    return value.length === 0 ? [] : [`${key}=${value.map((each) => encode(asText(each))).join(separator)}`]
  }
  if (isObject(value)) {
    const members = Object.entries(value)
    if (style === 'deepObject')
      return members.map(([member, each]) => `${key}${encode(`[${member}]`)}=${encode(asText(each))}`)
    if (explode) return members.map(([member, each]) => `${encode(member)}=${encode(asText(each))}`)
    return [
      `${key}=${members.map(([member, each]) => `${encode(member)},${encode(asText(each))}`).join(',')}`,
    ]
  }
  return [`${key}=${encode(asText(value))}`]
}

const boundary = 'mcpd-3f9d1c7a5b2e4f60'

interface Written {
  readonly text: string
  readonly encoding: 'utf8' | 'base64'
  readonly contentType?: string
}

const writeBody = (
  { mediaType = '', value, raw, rawEncoding = 'utf8' }: CallBody,
  view: View | undefined,
): Written | undefined => {
  if (raw !== undefined) return { text: raw, encoding: rawEncoding }
  if (value === undefined) return undefined
  if (mediaType === 'application/x-www-form-urlencoded')
    return {
      text: Object.entries(isObject(value) ? value : {})
        .flatMap(([name, member]) =>
          (isList(member) ? member : [member]).map((each) => `${encode(name)}=${encode(asText(each))}`),
        )
        .join('&'),
      encoding: 'utf8',
    }
  if (mediaType === 'multipart/form-data')
    return {
      text: multipart(value, view),
      encoding: 'utf8',
      contentType: `multipart/form-data; boundary=${boundary}`,
    }
  if (view && isXmlType(mediaType) && typeof value !== 'string')
    return { text: wellFormed(writeXml(view, value)), encoding: 'utf8' }
  const isText = !isJsonType(mediaType) && typeof value === 'string'
  return { text: isText ? wellFormed(value) : JSON.stringify(value), encoding: 'utf8' }
}

const multipart = (value: Json, view: View | undefined): string => {
  const files = view ? filesIn(view) : new Set<string>()
  const parts = Object.entries(isObject(value) ? value : {}).flatMap(([name, member]) =>
    (isList(member) ? member : [member]).map((each) => {
      const file = files.has(name) && typeof each === 'string'
      const disposition = `form-data; name="${name.replaceAll('"', '%22')}"${file ? '; filename="file.txt"' : ''}`
      const type = file
        ? '\r\nContent-Type: application/octet-stream'
        : typeof each === 'object'
          ? '\r\nContent-Type: application/json'
          : ''
      return `--${boundary}\r\nContent-Disposition: ${disposition}${type}\r\n\r\n${wellFormed(asText(each))}\r\n`
    }),
  )
  return `${parts.join('')}--${boundary}--\r\n`
}

/** Members that are files: bytes of a type of their own, alone or in lists. */
const filesIn = (view: View): ReadonlySet<string> => {
  const isFile = (each: View): boolean =>
    each.atoms.some(
      ({ node }) =>
        node['format'] === 'binary' ||
        (node['contentMediaType'] !== undefined && node['contentEncoding'] === undefined),
    ) || alternatives(each).some((one) => one.type === 'array' && isFile(one.items))
  return new Set(
    alternatives(view).flatMap((one) =>
      one.type === 'object'
        ? [...one.properties].flatMap(([name, each]) => (isFile(each) ? [name] : []))
        : [],
    ),
  )
}

/** Types whose bodies are made of named parts. */
export const isForm = (type: string): boolean =>
  type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data'

/** Types of bodies that can be written. */
export const isWritable = (type: string): boolean =>
  isJsonType(type) ||
  isForm(type) ||
  isXmlType(type) ||
  type.startsWith('text/') ||
  type === 'application/octet-stream' ||
  type === '*/*'
