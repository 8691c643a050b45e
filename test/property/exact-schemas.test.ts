import { Ajv } from 'ajv'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as anthropic from '../../src/dialects/anthropic/request.ts'
import { CountTokensRequest, MessagesRequest } from '../../src/dialects/anthropic/request-schemas.ts'
import { showExact } from '../../src/dialects/exact.ts'
import * as ollama from '../../src/dialects/ollama/request.ts'
import {
  OllamaChatRequest,
  OllamaDeleteRequest,
  OllamaGenerateRequest,
} from '../../src/dialects/ollama/request-schemas.ts'
import * as openai from '../../src/dialects/openai/request.ts'
import { ChatRequest } from '../../src/dialects/openai/request-schemas.ts'
import { decodeItems } from '../../src/dialects/responses/items.ts'
import { decodeRequest } from '../../src/dialects/responses/request.ts'
import type { ItemBody } from '../../src/dialects/responses/item-schemas.ts'
import { ConversationItems, ResponseRequest } from '../../src/dialects/responses/request-schemas.ts'
import { isReference, requireOne } from '../../src/daemon/http/response-place.ts'
import { nameIn } from '../../src/daemon/http/ollama-route.ts'
import { arbitraryOf } from '../../src/fuzz/draw/arbitrary.ts'
import { drawsOf } from '../../src/fuzz/draw/draws.ts'
import { createRandom } from '../../src/fuzz/draw/random.ts'
import { typical } from '../../src/fuzz/draw/typical.ts'
import type { Json } from '../../src/openapi/json.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { accepts } from '../../src/openapi/schema/accepts.ts'
import { createSpace } from '../../src/openapi/schema/view.ts'
import { openSpec } from '../../src/openapi/spec.ts'

type Body = Readonly<Record<string, unknown>>

/** References are looked up before items are read; here each names a message. */
const resolved = (items: readonly ItemBody[]): ItemBody[] =>
  items.map((item) => {
    if (!isReference(item)) return item
    if (item.id == null) throw new Error('a reference to nothing')
    return { role: 'user', content: 'Hello' }
  })

const readResponse = (body: Body): void => {
  const {
    input,
    previous_response_id: previous,
    conversation,
    mcpd,
  } = body as {
    input?: string | ItemBody[]
    previous_response_id?: string | null
    conversation?: unknown
    mcpd?: { context?: object }
  }
  requireOne({ previous, conversation, context: mcpd?.context })
  const begins = previous == null && conversation == null && mcpd?.context === undefined
  if (begins && (input === undefined || (Array.isArray(input) && input.length === 0)))
    throw new Error('nothing to begin with')
  decodeRequest({ ...body, ...(Array.isArray(input) && { input: resolved(input) }) })
}

/** What a context is asked is known when it is looked up. */
const readChat = (body: Body): void => {
  const { choices = 1 } = openai.decodeChat(body)
  const { mcpd } = body as { mcpd?: { context?: object } }
  if (choices > 1 && mcpd?.context) throw new Error('more than one answer')
}

/** Refused for what other members of the same body hold, which no schema can say. */
const amongMembers = /allows none of the tools/

const requests: readonly [object, (body: Body) => unknown][] = [
  [ChatRequest, readChat],
  [MessagesRequest, anthropic.decodeChat],
  [CountTokensRequest, anthropic.decodeMessages],
  [ResponseRequest, readResponse],
  [ConversationItems, ({ items }) => decodeItems(resolved(items as ItemBody[]), 'items')],
  [OllamaChatRequest, ollama.decodeChat],
  [OllamaGenerateRequest, ollama.decodeGenerate],
  [OllamaDeleteRequest, nameIn],
]

const space = createSpace(
  openSpec(
    loadDocument(Buffer.from('{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{}}'), 't'),
  ),
  'request',
)

it.each(requests.map(([schema, read]) => [(schema as { $id: string }).$id, schema, read] as const))(
  '%s is published as it is read',
  (name, schema, read) => {
    const validate = new Ajv({ strict: false }).compile(schema)
    const view = space.view(showExact(schema) as Json, `/${name}`)
    const refusal = (body: Json): string | undefined => {
      if (!validate(body)) return validate.errors?.[0]?.message ?? 'invalid'
      try {
        read(body as Body)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    }
    const wrong: object[] = []
    const compare = (body: Json): void => {
      const why = refusal(body)
      if (why !== undefined && amongMembers.test(why)) return
      if (accepts(view, body) !== (why === undefined)) wrong.push({ why, body })
    }
    for (const seed of [1, 2]) {
      const random = createRandom(seed)
      const base = typical(view, { random, optional: seed === 1 ? 'all' : 'some', name: 'body' })
      if (base === undefined) throw new Error('nothing typical was found')
      for (const { value } of drawsOf(view, base, { random, name: 'body' }))
        if (value !== undefined) compare(value)
    }
    fc.assert(
      fc.property(arbitraryOf(view), (body) => compare(body)),
      { numRuns: 60 },
    )
    expect(wrong).toEqual([])
  },
)
