declare module 'fastify' {
  interface FastifySchema {
    /** The body may be left out; the document says so too. */
    'x-body-optional'?: boolean
  }
}

interface Document {
  readonly paths?: Readonly<Record<string, object | undefined>>
}

/** @fastify/swagger says of every body that it is required. Where a route says that it is not, the document says the same. */
export const markOptionalBodies = <Given extends Document>(document: Given): Given => {
  for (const path of Object.values(document.paths ?? {}))
    for (const operation of Object.values(path ?? {}) as Record<string, unknown>[]) {
      if (operation['x-body-optional'] !== true) continue
      delete operation['x-body-optional']
      operation['requestBody'] = { ...(operation['requestBody'] as object), required: false }
    }
  return document
}
