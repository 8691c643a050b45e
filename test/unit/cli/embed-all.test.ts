import { describe, expect, it } from 'vitest'
import { embedAll } from '../../../src/cli/embed-all.ts'
import type { Client, EmbedRequest } from '../../../src/client/index.ts'
import { served, timings } from '../client/stand-in-daemon.ts'

const embedder = (hasUsage = true) => {
  const requests: EmbedRequest[] = []
  const client: Pick<Client, 'embed'> = {
    embed: async (request) => {
      requests.push(request)
      const inputs = request.input as readonly string[]
      return {
        ...served,
        output: { embeddings: inputs.map((input) => [Number(input)]) },
        usage: hasUsage ? { inputTokens: inputs.length, outputTokens: 0 } : null,
        timings,
        warnings: ['same'],
      }
    },
  }
  return { client, requests }
}

describe('embedAll', () => {
  it('sends many texts in parts and joins the vectors in order', async () => {
    const { client, requests } = embedder()
    const printed: (readonly number[])[] = []
    const inputs = Array.from({ length: 300 }, (_, index) => String(index))
    const answer = await embedAll(client, {
      model: 'gpu/m',
      inputs,
      dimensions: 1,
      print: (vector) => printed.push(vector),
    })
    expect(requests.map(({ input }) => input.length)).toEqual([128, 128, 44])
    expect(requests[0]).toMatchObject({ model: 'gpu/m', dimensions: 1 })
    expect(answer.output.embeddings).toEqual(inputs.map((input) => [Number(input)]))
    expect(printed).toEqual(answer.output.embeddings)
    expect(answer).toMatchObject({ usage: { inputTokens: 300, outputTokens: 0 }, warnings: ['same'] })
    expect(answer.timings.totalMs).toBe(3 * timings.totalMs)
  })

  it('has no usage when one part has none', async () => {
    const { client } = embedder(false)
    expect(
      (await embedAll(client, { model: 'gpu/m', inputs: ['1'], print: () => undefined })).usage,
    ).toBeNull()
  })
})
