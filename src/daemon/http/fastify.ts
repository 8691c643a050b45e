import 'fastify'
import type { Trace } from '../../core/trace.ts'

/** What the server adds to each request (server.ts). */

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that mcpd itself takes at the path of a URL. */
    readonly ownMethods: (url: string) => readonly string[]
  }
  interface FastifyRequest {
    /** Monotonic milliseconds at which the request's head was there. */
    receivedMs: number
    /** The body as it arrived; undefined for requests without one. */
    rawBody: Buffer | undefined
    /** Of an inference request, once it is on its way. */
    trace: Trace | undefined
  }
}
