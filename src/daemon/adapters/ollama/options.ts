import type { Static } from 'typebox'
import { Type } from '../../../core/schema.ts'
import { sizePattern } from '../../../core/quantity.ts'

const contextLength = (description: string) => Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description })

export const ollamaOptions = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        default: 'http://127.0.0.1:11434',
        description: 'Where Ollama listens.',
      }),
    ),
    contextLength: Type.Optional(
      contextLength(
        'Tokens of context that every request asks for. Ollama loads a model anew when two requests differ in it; ' +
          'without this it is whatever each client says.',
      ),
    ),
    contextLengths: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), contextLength('Tokens of context of one model.'), {
        description: 'contextLength of single models, by name.',
      }),
    ),
    keepAlive: Type.Optional(
      Type.Unsafe<string | number>({
        type: ['string', 'number'],
        pattern: '^-?(\\d+(\\.\\d+)?(ms|s|m|h))+$',
        description:
          'How long a model stays in memory after a request that does not say: seconds, or 10m or 1h30m; negative is for ever.',
      }),
    ),
    apiKey: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Sent as Bearer token, to ollama.com; best given as ${env:NAME}.',
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String(), {
        description: 'More headers for every request, such as those of a gateway in between.',
      }),
    ),
    answerMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        default: '64MB',
        description: 'Largest answer that is not streamed.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type OllamaOptions = Static<typeof ollamaOptions>

export const defaultUrl = 'http://127.0.0.1:11434'

/** The name without its default tag, where it has that one. */
export const withoutLatest = (model: string): string => model.replace(/:latest$/, '')

/** The context that requests to a model must name; undefined when the config pins none. */
export const pinnedContext = (
  { contextLength, contextLengths = {} }: OllamaOptions,
  model: string,
): number | undefined => contextLengths[model] ?? contextLengths[withoutLatest(model)] ?? contextLength
