import 'fastify'
import type { Trace } from '../../core/trace.ts'

/** What the server adds to each request (server.ts). */

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic milliseconds at which the request's head was there. */
    receivedMs: number
    /** The body as it arrived; undefined for requests without one. */
    rawBody: Buffer | undefined
    /** Of an inference request, once it is on its way. */
    trace: Trace | undefined
  }
}
