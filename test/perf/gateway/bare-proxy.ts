import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { listening } from './listening.ts'

// The least a proxy in Node can do: buffer the request, dispatch it, and send the answer, whole or as it streams in.
const pool = new Pool(process.argv[2]!, {
  connections: 256,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
})

const handler = (response: ServerResponse): Dispatcher.DispatchHandler => {
  const held: Buffer[] = []
  let isStream = false
  return {
    onRequestStart(controller) {
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new Error('The client is gone.'))
      })
      response.on('drain', () => controller.resume())
    },
    onResponseStart(_, status, headers) {
      const type = String(headers['content-type'])
      isStream = type.startsWith('text/event-stream')
      response.statusCode = status
      response.setHeader('content-type', type)
      if (isStream) response.flushHeaders()
    },
    onResponseData(controller, chunk) {
      if (!isStream) held.push(chunk)
      else if (!response.write(chunk)) controller.pause()
    },
    onResponseEnd: () => void response.end(isStream ? undefined : Buffer.concat(held)),
    onResponseError: () => void response.destroy(),
  }
}

listening(
  createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () =>
      pool.dispatch(
        {
          method: 'POST',
          path: request.url!,
          headers: { 'content-type': 'application/json' },
          body: Buffer.concat(chunks),
        },
        handler(response),
      ),
    )
  }),
)
