import { describe, expect, it } from 'vitest'
import { readPull } from '../../../src/client/pull.ts'

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text)
}
const read = async (...texts: string[]) => Array.fromAsync(readPull(chunks(...texts)))

describe('readPull', () => {
  it('yields a step per line, wherever the chunks end', async () => {
    const steps = [
      { status: 'pulling manifest' },
      { status: 'pulling a', digest: 'sha256:a', total: 4, completed: 2 },
      { status: 'success' },
    ]
    const text = steps.map((step) => JSON.stringify(step)).join('\n')
    expect(await read(...(text.match(/[^]{1,7}/g) ?? []))).toEqual(steps)
    expect(await read(`${text}\n\n`)).toEqual(steps)
  })

  it.each([
    [['{"status":"pulling manifest"}\n{"error":"no such model"}\n'], 'BACKEND_ERROR', 'no such model'],
    [['{"status":"pulling manifest"}\n'], 'BACKEND_INCOMPLETE', 'broke off'],
    [[], 'BACKEND_INCOMPLETE', 'broke off'],
    [['<html>\n'], 'BACKEND_ERROR', 'not JSON'],
  ])('ends %j with the error it is', async (texts, code, message) => {
    await expect(read(...texts)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
