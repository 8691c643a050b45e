import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readStandardInput } from '../../../src/cli/standard-input.ts'

const { signal } = new AbortController()
const piped = (...chunks: (string | Buffer)[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))

describe('readStandardInput', () => {
  it('reads a pipe to its end, characters cut anywhere', async () => {
    const bytes = Buffer.from('ä€😀')
    expect(await readStandardInput(piped('a', bytes.subarray(0, 3), bytes.subarray(3)), signal)).toBe('aä€😀')
    expect(await readStandardInput(piped(), signal)).toBe('')
  })

  it('leaves a terminal alone', async () => {
    const terminal = Object.assign(piped('never read'), { isTTY: true })
    expect(await readStandardInput(terminal, signal)).toBeUndefined()
  })

  it('refuses what is not UTF-8', async () => {
    await expect(readStandardInput(piped(Buffer.from([0xff, 0xfe])), signal)).rejects.toMatchObject({
      code: 'USAGE',
    })
  })

  it('refuses more than could be sent', async () => {
    const megabyte = Buffer.alloc(2 ** 20, 'x')
    const input = piped(...Array.from({ length: 33 }, () => megabyte))
    await expect(readStandardInput(input, signal)).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('ends with the signal', async () => {
    const controller = new AbortController()
    const silent = new Readable({ read: () => undefined })
    const reading = readStandardInput(silent, controller.signal)
    controller.abort(new Error('interrupted'))
    await expect(reading).rejects.toThrow('interrupted')
  })
})
