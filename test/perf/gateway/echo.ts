import { createServer } from 'node:http'
import { listening } from './listening.ts'

// The least a server in Node can do: read the request and send it back.
listening(
  createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => response.setHeader('content-type', 'application/json').end(Buffer.concat(chunks)))
  }),
)
