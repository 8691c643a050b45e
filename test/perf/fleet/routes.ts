import { chatBody, completion, model } from '../gateway/traffic.ts'

/** The dialects of the fleet: what their clients send, what their backends answer. Texts are those of the gateway's bench. */

const text = (JSON.parse(completion) as { choices: [{ message: { content: string } }] }).choices[0].message
  .content

interface Dialect {
  readonly name: string
  /** Of the config entry, behind the address of the backend. */
  readonly base: string
  readonly path: string
  readonly answer: string
  /** Where the daemon asks which models there are, and what it is told. */
  readonly list: { readonly path: string; readonly answer: string }
  readonly request: (model: string) => string
}

export const dialects: readonly Dialect[] = [
  {
    name: 'openai',
    base: '/v1',
    path: '/v1/chat/completions',
    answer: completion,
    list: {
      path: '/v1/models',
      answer: JSON.stringify({
        object: 'list',
        data: [{ id: model, object: 'model', created: 1, owned_by: 'x' }],
      }),
    },
    request: (name) => chatBody({ model: name }),
  },
  {
    name: 'ollama',
    base: '',
    path: '/api/chat',
    answer: JSON.stringify({
      model,
      created_at: '2026-01-01T00:00:00Z',
      message: { role: 'assistant', content: text },
      done: true,
      done_reason: 'stop',
      total_duration: 5_000_000,
      load_duration: 1_000_000,
      prompt_eval_count: 210,
      prompt_eval_duration: 1_000_000,
      eval_count: 120,
      eval_duration: 3_000_000,
    }),
    list: {
      path: '/api/tags',
      answer: JSON.stringify({ models: [{ name: model, model, size: 1, digest: 'sha256:0', details: {} }] }),
    },
    request: (name) =>
      JSON.stringify({
        model: name,
        stream: false,
        messages: (JSON.parse(chatBody({})) as { messages: unknown }).messages,
      }),
  },
  {
    name: 'anthropic',
    base: '',
    path: '/v1/messages',
    answer: JSON.stringify({
      id: 'msg_0123456789abcdef',
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 210, output_tokens: 120 },
    }),
    list: {
      path: '/v1/models',
      answer: JSON.stringify({
        data: [{ type: 'model', id: model, display_name: model, created_at: '2026-01-01T00:00:00Z' }],
        has_more: false,
        first_id: model,
        last_id: model,
      }),
    },
    request: (name) =>
      JSON.stringify({
        model: name,
        max_tokens: 256,
        system: 'You are a careful assistant.',
        messages: (JSON.parse(chatBody({})) as { messages: { role: string }[] }).messages.filter(
          ({ role }) => role === 'user',
        ),
      }),
  },
]

/** Who asks whom: every dialect its own, and across. */
export const pairs: readonly (readonly [surface: string, backend: string])[] = [
  ...dialects.map(({ name }) => [name, name] as const),
  ['openai', 'ollama'],
  ['ollama', 'openai'],
  ['anthropic', 'openai'],
  ['openai', 'anthropic'],
]

export const dialect = (name: string): Dialect => dialects.find((one) => one.name === name)!
