import { createServer, type ServerResponse } from 'node:http'
import { listening } from './listening.ts'
import { chunksPerStream, completion, modelList, msPerChunk, streamChunks } from './traffic.ts'

// A backend that speaks OpenAI's dialect and costs next to nothing: fixed answers, chunks at a fixed pace.
const chunks = streamChunks().map((text) => Buffer.from(text))

const stream = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let next = 0
  const write = (): void => {
    response.write(chunks[next])
    next += 1
    if (next < chunksPerStream) return
    clearInterval(timer)
    for (const last of chunks.slice(chunksPerStream)) response.write(last)
    response.end()
  }
  const timer = setInterval(write, msPerChunk)
  response.once('close', () => clearInterval(timer))
  write()
}

listening(
  createServer((request, response) => {
    let isStream = false
    request.on('data', (chunk: Buffer) => (isStream ||= chunk.includes('"stream":true')))
    request.on('end', () => {
      if (isStream) stream(response)
      else
        response
          .setHeader('content-type', 'application/json')
          .end(request.method === 'POST' ? completion : modelList)
    })
  }),
)
