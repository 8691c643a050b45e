import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'

/** FastChat's own routes as mcpd uses them: what it sends is checked by the stand-in, what comes is asked for no more than is read. */

const number = (description: string) => optional(Type.Number({ description }))

export const GenerateRequest = Type.Object(
  {
    model: Type.String(),
    prompt: Type.String({ description: 'The text to continue, through the template of the model.' }),
    temperature: optional(Type.Number({ minimum: 0 })),
    top_p: optional(Type.Number({ minimum: 0, maximum: 1 })),
    top_k: optional(Type.Integer({ minimum: -1 })),
    max_new_tokens: optional(Type.Integer({ minimum: 0, description: 'Most tokens of output.' })),
    stop: optional(Type.Array(Type.String())),
    stop_token_ids: optional(Type.Array(Type.Integer())),
    echo: optional(Type.Boolean({ description: 'Whether to give the prompt back.' })),
    repetition_penalty: number('Multiplicative; 1 is none.'),
    presence_penalty: number('For tokens that are there.'),
    frequency_penalty: number('By how often they are there.'),
  },
  { $id: 'GenerateRequest', description: 'A text to continue.' },
)

export const GenerateObject = Type.Object(
  {
    text: Type.String({ description: 'All of it so far, or what went wrong.' }),
    error_code: Type.Integer({ description: '0 unless something did.' }),
    usage: optional(
      Type.Object({ prompt_tokens: Type.Integer(), completion_tokens: optional(Type.Integer()) }),
    ),
    finish_reason: optional(Type.String({ description: 'stop or length, with the last one.' })),
  },
  { $id: 'GenerateObject', description: 'One of the objects of an answer; each ends with a NUL.' },
)

export const EmbedRequest = Type.Object(
  { model: Type.String(), input: Type.Array(Type.String()) },
  { $id: 'EmbedRequest', description: 'Texts to turn into vectors.' },
)
export const EmbedResponse = Type.Object(
  { embedding: Type.Array(Type.Array(Type.Number())), token_num: optional(Type.Integer()) },
  { $id: 'EmbedResponse', description: 'A vector for each.' },
)

export const CountRequest = Type.Object(
  { model: Type.String(), prompt: Type.String() },
  { $id: 'CountRequest', description: 'A text whose tokens are to be counted.' },
)
export const CountResponse = Type.Object(
  { count: Type.Integer(), error_code: optional(Type.Integer()) },
  { $id: 'CountResponse', description: 'How many there are.' },
)

export const ModelNames = Type.Object(
  { models: Type.Array(Type.String()) },
  { $id: 'ModelNames', description: 'Models that have a worker.' },
)
export const ModelWanted = Type.Object(
  { model: Type.String() },
  { $id: 'ModelWanted', description: 'Which model it is about.' },
)
export const WorkerAddress = Type.Object(
  { address: Type.String({ description: 'Empty when there is none.' }) },
  { $id: 'WorkerAddress', description: 'Where a worker is.' },
)
export const WorkerStatus = Type.Object(
  { model_names: Type.Array(Type.String()), speed: Type.Number(), queue_length: Type.Integer() },
  {
    $id: 'WorkerStatus',
    description: 'What a worker serves and how much waits there; of a controller the sum.',
  },
)
export const ModelDetails = Type.Object(
  { context_length: optional(Type.Integer()) },
  { $id: 'ModelDetails', description: 'Tokens of context.' },
)
export const ConversationTemplate = Type.Object(
  {
    conv: Type.Object({
      name: Type.String(),
      system_template: Type.String(),
      system_message: Type.String(),
      roles: Type.Array(Type.String()),
      messages: Type.Array(Type.Unknown()),
      sep_style: Type.Integer(),
      sep: Type.String(),
      sep2: optional(Type.String()),
      stop_str: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String()), Type.Null()])),
      stop_token_ids: optional(Type.Array(Type.Integer())),
    }),
  },
  { $id: 'ConversationTemplate', description: 'How conversations are written for a model.' },
)

export const TokenCheckRequest = Type.Object(
  {
    prompts: Type.Array(
      Type.Object({ model: Type.String(), prompt: Type.String(), max_tokens: Type.Integer() }),
    ),
  },
  { $id: 'TokenCheckRequest', description: 'Texts whose tokens are to be counted.' },
)
export const TokenCheckResponse = Type.Object(
  {
    prompts: Type.Array(
      Type.Object({ fits: Type.Boolean(), tokenCount: Type.Integer(), contextLength: Type.Integer() }),
    ),
  },
  { $id: 'TokenCheckResponse', description: 'How many each has.' },
)

export const FastChatError = Type.Object(
  { object: optional(Type.String()), message: optional(Type.String()), code: optional(Type.Integer()) },
  { $id: 'FastChatError', description: 'An error of the API server, always with status 400.' },
)
