/** Pieces of route schemas, as @fastify/swagger reads them. */

const json = (schema: string, description: string, contentType = 'application/json') => ({
  description,
  content: { [contentType]: { schema: { $ref: `${schema}#` } } },
})

/** A JSON answer of the schema with that `$id`. */
export const answers = (schema: string, description: string) => json(schema, description)

/** A JSON answer, or server-sent events whose data is of `event`. */
export const answersOrStreams = (schema: string, event: string, description: string) => ({
  description,
  content: {
    'application/json': { schema: { $ref: `${schema}#` } },
    'text/event-stream': {
      schema: { description: `Server-sent events; the data of each is of ${event}.` },
      // OpenAPI 3.2 calls this itemSchema; 3.1 has no name for it.
      'x-itemSchema': { $ref: `${event}#` },
    },
  },
})

export const problem = { default: json('Problem', 'An error.', 'application/problem+json') }
