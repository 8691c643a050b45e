import type { Static, TSchema } from 'typebox'
import { Type } from '../../core/schema.ts'
import { among, exactly, narrowed } from '../exact.ts'
import { optional } from '../nullable.ts'

/**
 * Items of OpenAI's Responses and Conversations as mcpd takes them. What only the published form says (see exact.ts),
 * `decodeItems` refuses.
 */

const text = (description: string) => optional(Type.String({ description }))
const oneOrMany = <T extends TSchema>(item: T, description: string) =>
  Type.Union([Type.String(), Type.Array(item)], { description })

/** Items in one request: an absurd number ends here. */
export const itemsMax = 10_000

const audio = Type.Object({ data: Type.String(), format: Type.String() })

const openPart = Type.Object(
  {
    type: Type.String({
      description: 'input_text, input_image, input_file, input_audio, output_text or refusal.',
    }),
    text: text('Of input_text, output_text, reasoning_text and summary_text.'),
    refusal: text('What the model said instead of an answer.'),
    image_url: text('An http(s) or data: URL.'),
    detail: text('low, high or auto.'),
    file_id: text('A file at OpenAI; mcpd keeps no files and refuses it.'),
    file_url: text('A file elsewhere; mcpd fetches no files and refuses it.'),
    file_data: text('A file as data: URL.'),
    filename: text('The name of the file.'),
    input_audio: optional(audio),
  },
  { description: 'A part of a message.' },
)
const part = exactly(openPart, {
  anyOf: [
    narrowed(openPart, {
      properties: { type: among('input_text', 'output_text', 'text'), text: Type.String() },
      required: ['text'],
    }),
    narrowed(openPart, { properties: { type: among('refusal') } }),
    narrowed(openPart, {
      properties: { type: among('input_image'), image_url: Type.String() },
      required: ['image_url'],
    }),
    narrowed(openPart, {
      properties: { type: among('input_audio'), input_audio: audio },
      required: ['input_audio'],
    }),
    narrowed(openPart, {
      properties: { type: among('input_file'), file_data: Type.String() },
      required: ['file_data'],
    }),
  ],
})

const openItem = Type.Object(
  {
    type: text('message, function_call, function_call_output, reasoning or item_reference.'),
    id: text('Given by mcpd; only read in an item_reference.'),
    role: Type.Optional(Type.Enum(['user', 'assistant', 'system', 'developer'])),
    content: Type.Optional(
      Type.Union([Type.String(), Type.Array(openPart), Type.Null()], { description: 'Of a message.' }),
    ),
    call_id: text('Names a function call in the item that answers it.'),
    name: text('Of a function call.'),
    arguments: text('Of a function call: JSON text, as the model wrote it.'),
    output: Type.Optional(oneOrMany(openPart, 'Of a function_call_output.')),
    summary: optional(Type.Array(openPart, { description: 'Of a reasoning item.' })),
  },
  { description: 'A message, a function call, its output, or reasoning.' },
)

const said = Type.Union([Type.String(), Type.Array(part)])

/** What has no type is a message where it has a role, and a reference where it has an id. */
export const item = exactly(openItem, {
  anyOf: [
    narrowed(openItem, {
      properties: { type: { enum: ['message', null] }, content: said },
      required: ['role', 'content'],
    }),
    narrowed(openItem, {
      properties: {
        type: among('function_call'),
        call_id: Type.String(),
        name: Type.String(),
        arguments: Type.String(),
      },
      required: ['type', 'call_id', 'name', 'arguments'],
    }),
    narrowed(openItem, {
      properties: { type: among('function_call_output'), call_id: Type.String(), output: said },
      required: ['type', 'call_id', 'output'],
    }),
    narrowed(openItem, { properties: { type: among('reasoning') }, required: ['type'] }),
    narrowed(openItem, {
      properties: { type: among('item_reference'), id: Type.String() },
      required: ['type', 'id'],
    }),
    narrowed(openItem, {
      properties: { type: { type: 'null' }, id: Type.String() },
      required: ['id'],
      without: ['role'],
    }),
  ],
})

export const items = Type.Array(item, { maxItems: itemsMax })

export type ItemBody = Static<typeof openItem>
export type PartBody = Static<typeof openPart>
