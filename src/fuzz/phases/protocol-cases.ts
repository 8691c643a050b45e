import { asText } from '../../openapi/json.ts'
import { isJsonType, type Operation } from '../api/operation.ts'
import { writableMedia } from '../base-call.ts'
import type { Call, CallBody, Expectation } from '../call.ts'
import type { Session } from '../session.ts'
import type { Case } from './cases.ts'

/** What HTTP itself leaves room for: bodies that are no JSON, other types, methods, headers and targets. */
export const protocolCases = (session: Session, operation: Operation, base: Call): readonly Case[] => [
  ...bodyCases(operation, base),
  ...headerCases(operation, base),
  ...targetCases(operation, base),
  ...methodCases(session, operation, base),
]

const make = (
  expect: Expectation,
  keyword: string,
  what: string,
  call: Call,
  place: 'body' | 'header' | 'path' | 'query' = 'header',
): Case => ({
  intent: { phase: 'coverage', expect, what, subject: { in: place, name: '', pointer: '', keyword } },
  call,
})

const bodyCases = (operation: Operation, base: Call): readonly Case[] => {
  const media = writableMedia(operation)[0]
  if (!media || !operation.body || /^(GET|HEAD|DELETE)$/.test(operation.method)) return []
  const { body: own, ...bare } = base
  const withBody = (body: CallBody): Call => ({ ...base, body })
  const found: Case[] = []
  if (operation.body.required) {
    found.push(make('invalid', 'syntax', 'no body', bare, 'body'))
    found.push(
      make('invalid', 'syntax', 'an empty body', withBody({ mediaType: media.type, raw: '' }), 'body'),
    )
  }
  if (!isJsonType(media.type)) return found
  const text = JSON.stringify(own?.value ?? {})
  const raw = (expect: Expectation, what: string, body: string): void => {
    found.push(make(expect, 'syntax', what, withBody({ mediaType: media.type, raw: body }), 'body'))
  }
  raw('invalid', 'a body that is cut off', text.slice(0, Math.max(1, text.length - 1)))
  raw('invalid', 'a body that is no JSON', '{not json')
  raw('invalid', 'a body with text after it', `${text}}`)
  raw('unknown', 'a body of single quotes', text.replaceAll('"', "'"))
  raw(
    'unknown',
    'a member twice',
    text.startsWith('{') && text.length > 2 ? `${text.slice(0, -1)},${text.slice(1)}` : '{"a":1,"a":2}',
  )
  raw('unknown', 'deeply nested lists', `${'['.repeat(2000)}${']'.repeat(2000)}`)
  raw('unknown', 'a byte order mark', `\uFEFF${text}`)
  raw('unknown', 'a huge number', '{"a":1e999}')
  found.push(
    make(
      'unknown',
      'syntax',
      'bytes that are no UTF-8',
      withBody({
        mediaType: media.type,
        raw: Buffer.from([0x22, 0xff, 0xfe, 0x22]).toString('base64'),
        rawEncoding: 'base64',
      }),
      'body',
    ),
    make(
      'unknown',
      'media-type',
      'JSON as text/plain',
      withBody({ mediaType: 'text/plain', raw: text }),
      'body',
    ),
    make(
      'unknown',
      'media-type',
      'JSON as XML',
      withBody({ mediaType: 'application/xml', raw: text }),
      'body',
    ),
    make(
      'unknown',
      'media-type',
      'a body without a type',
      withBody({ mediaType: undefined, raw: text }),
      'body',
    ),
    make(
      'unknown',
      'media-type',
      'a type that is none',
      withBody({ mediaType: 'nonsense', raw: text }),
      'body',
    ),
    make(
      'unknown',
      'media-type',
      'an unknown charset',
      withBody({ mediaType: `${media.type}; charset=klingon`, raw: text }),
      'body',
    ),
  )
  return found
}

const headerCases = (operation: Operation, base: Call): readonly Case[] => {
  const types = [
    ...new Set([...operation.responses.values()].flatMap(({ content }) => content.map(({ type }) => type))),
  ]
  const accepting = (type: string): Call => ({ ...base, extraHeaders: [['accept', type]] })
  return [
    ...types
      .filter((type) => !type.includes('*'))
      .slice(0, 4)
      .map((type): Case => make('unknown', 'negotiation', `Accept: ${type}`, accepting(type))),
    make('unknown', 'negotiation', 'Accept: a type that nobody has', accepting('application/x-mcpd-unknown')),
    make('unknown', 'negotiation', 'Accept: nonsense', accepting(';;;/')),
    make('unknown', 'header', 'a large header', {
      ...base,
      extraHeaders: [['x-mcpd-large', 'a'.repeat(6000)]],
    }),
    make('unknown', 'header', 'If-None-Match', { ...base, extraHeaders: [['if-none-match', '"nonsense"']] }),
    make('unknown', 'header', 'a language that nobody speaks', {
      ...base,
      extraHeaders: [['accept-language', 'xx-XX;q=zero,,']],
    }),
    make('unknown', 'header', 'a range', { ...base, extraHeaders: [['range', 'bytes=5-2']] }),
  ]
}

/** Targets that reach another route, or none, are only asked not to break anything. */
const targetCases = (operation: Operation, base: Call): readonly Case[] => {
  const found: Case[] = []
  const unknown = operation.parameters.filter((each) => each.in === 'query')
  found.push(
    make(
      'unknown',
      'text',
      'an unknown query parameter',
      { ...base, query: { ...base.query, mcpdUnknown: '1' } },
      'query',
    ),
  )

  for (const { name } of unknown) {
    const subject = { in: 'query' as const, name, pointer: '', keyword: 'empty' }
    found.push({
      intent: { phase: 'coverage', expect: 'unknown', what: `${name} without a value`, subject },
      call: { ...base, query: { ...base.query, [name]: '' } },
    })
  }
  for (const parameter of operation.parameters.filter((each) => each.in === 'path').slice(-1))
    for (const [what, text] of oddSegments)
      found.push(
        make(
          'unknown',
          'path',
          what,
          {
            ...base,
            target: operation.path.replaceAll(/\{([^{}]+)\}/g, (_, name: string) =>
              name === parameter.name ? text : encodeURIComponent(asText(base.path[name] ?? 'x')),
            ),
          },
          'path',
        ),
      )
  return found
}

const oddSegments: readonly (readonly [string, string])[] = [
  ['a lone percent sign in the path', '%25'],
  ['a broken escape in the path', '%E0%A4%A'],
  ['a percent sign encoded twice', '%2525'],
  ['an encoded slash', 'a%2Fb'],
  ['two dots', '..'],
  ['encoded dots', '%2e%2e'],
  ['a NUL in the path', '%00'],
  ['bytes that are no UTF-8 in the path', '%ff%fe'],
  ['a quotation mark in the path', "'%22"],
  ['a very long segment', 'a'.repeat(3000)],
]

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS'] as const

/** Methods that the document does not have for the path; asked once for each path. */
const methodCases = (session: Session, operation: Operation, base: Call): readonly Case[] => {
  const documented = session.api.methodsOf.get(operation.path) ?? []
  const isFirst = session.operations.find(({ path }) => path === operation.path) === operation
  if (!isFirst) return []
  return methods
    .filter((method) => !documented.includes(method))
    .map((method): Case => {
      const { body: _, ...bare } = base
      const hasBody = method === 'PUT' || method === 'POST' || method === 'PATCH'
      return make('unknown', 'method', `${method} ${operation.path}`, {
        ...bare,
        method,
        ...(hasBody && { body: { mediaType: 'application/json', raw: '{}' } }),
      })
    })
}
