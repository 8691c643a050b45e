import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { printAnswer } from '../../../src/cli/print-answer.ts'
import type { ChatEvent } from '../../../src/client/index.ts'
import { timings } from '../client/stand-in-daemon.ts'

const text = (piece: string): ChatEvent => ({ type: 'text-delta', index: 0, text: piece })
const reasoning = (piece: string): ChatEvent => ({ type: 'reasoning-delta', index: 0, text: piece })
const start: ChatEvent = {
  type: 'start',
  id: '1',
  adapter: 'a',
  backend: 'b',
  model: 'm',
  warnings: ['seed is ignored'],
}
const end: ChatEvent = { type: 'end', timings }

const print = async (events: readonly ChatEvent[], isTTY: boolean, failure?: Error) => {
  const output = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream & PassThrough
  const warnings: string[] = []
  async function* stream() {
    yield* events
    if (failure) throw failure
  }
  const thrown = await printAnswer(stream(), { output, warn: (warning) => warnings.push(warning) }).catch(
    (error: unknown) => error,
  )
  return { printed: String(output.read() ?? ''), warnings, thrown }
}

describe('printAnswer', () => {
  it('writes the text as it is into a pipe, ended by a line feed', async () => {
    const { printed, warnings } = await print(
      [start, reasoning('hm'), text('Hi\u001b'), text(' there'), end],
      false,
    )
    expect(printed).toBe('Hi\u001b there\n')
    expect(warnings).toEqual(['seed is ignored'])
  })

  it('adds no line feed to an answer that has one, nor to none', async () => {
    expect((await print([text('Hi\n'), end], false)).printed).toBe('Hi\n')
    expect((await print([end], false)).printed).toBe('')
  })

  it('shows reasoning and no control characters on a terminal', async () => {
    const { printed } = await print([reasoning('hm\n'), reasoning('so'), text('Hi\u001b[2J'), end], true)
    expect(stripVTControlCharacters(printed)).toBe('Thinking: hm\nso\n\nHi[2J\n')
  })

  it('names the tools that the model calls', async () => {
    const call = { type: 'tool-call-delta', index: 0, call: 0 } as const
    const { printed } = await print(
      [{ ...call, id: '1', name: 'look', argumentsText: '{"at":' }, { ...call, argumentsText: '1}' }, end],
      false,
    )
    expect(printed).toBe('\nlook {"at":1}\n')
  })

  it('says that an answer was cut short', async () => {
    const { warnings } = await print([text('Hi'), { type: 'finish', index: 0, reason: 'length' }, end], false)
    expect(warnings).toEqual(['The answer stopped at the limit of tokens.'])
  })

  it('ends the line before it fails', async () => {
    const { printed, thrown } = await print([text('Hi')], false, new Error('broke'))
    expect(printed).toBe('Hi\n')
    expect(thrown).toMatchObject({ message: 'broke' })
  })
})
