import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ChatEvent, ChatRequest } from '../../../src/client/index.ts'
import { McpdError } from '../../../src/core/errors.ts'
import { openConversation } from '../../../src/views/conversation.ts'
import { timings } from '../client/stand-in-daemon.ts'

type Reply = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>

const text = (piece: string): ChatEvent => ({ type: 'text-delta', index: 0, text: piece })
const end: ChatEvent = { type: 'end', timings }

/** A conversation on a terminal of ours. */
const open = (reply: Reply, plain = false) => {
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
  })
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
  let shown = ''
  let frame = ''
  stdout.on('data', (chunk: Buffer) => {
    frame = stripVTControlCharacters(chunk.toString())
    shown += frame
  })
  const requests: ChatRequest[] = []
  const controller = new AbortController()
  const closed = openConversation({
    client: {
      chatStream: (request, options) => {
        requests.push(request)
        return reply(request, options?.signal ?? controller.signal)
      },
    },
    request: { model: 'gpu/tiny', temperature: 0, messages: [{ role: 'system', content: 'Be brief.' }] },
    signal: controller.signal,
    plain,
    // Every state of the screen is written whole.
    terminal: {
      stdin: stdin,
      stdout: stdout,
      debug: true,
    },
  })
  closed.catch(() => undefined)
  onTestFinished(() => controller.abort())
  const sees = (wanted: string): Promise<void> =>
    vi.waitFor(() => expect(shown).toContain(wanted), { timeout: 20_000 })
  /** Nothing is being answered and nothing is typed. */
  const awaitsInput = (): Promise<void> =>
    vi.waitFor(() => expect(frame).toMatch(/\n> *\n?$/), { timeout: 20_000 })
  return { type: (keys: string) => stdin.write(keys), sees, awaitsInput, requests, closed, controller }
}

async function* say(...words: string[]): AsyncGenerator<ChatEvent> {
  for (const word of words) yield text(word)
  yield end
}

const ctrlC = '\u0003'

describe('openConversation', () => {
  it('asks with the whole conversation, and leaves at /exit', async () => {
    const { type, sees, awaitsInput, requests, closed } = open(() => say('Be', 'cause.'))
    await awaitsInput()
    type('Why?')
    await sees('> Why?')
    type('\r')
    await sees('Because.')
    await awaitsInput()
    type('And then?\r')
    await vi.waitFor(() => expect(requests).toHaveLength(2), { timeout: 20_000 })
    expect(requests[1]).toEqual({
      model: 'gpu/tiny',
      temperature: 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
        { role: 'assistant', content: 'Because.' },
        { role: 'user', content: 'And then?' },
      ],
    })
    await awaitsInput()
    type('/exit\r')
    await closed
  })

  it('stops the answer at the first Ctrl-C and leaves at the second', async () => {
    const { type, sees, awaitsInput, closed } = open(async function* (_, signal) {
      yield text('It began')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cancelled'))))
    })
    await awaitsInput()
    type('Why?\r')
    await sees('It began')
    type(ctrlC)
    await sees('Stopped.')
    await awaitsInput()
    type(ctrlC)
    await closed
  })

  it('shows why an answer failed and goes on', async () => {
    let times = 0
    const { type, sees, awaitsInput, closed } = open(async function* () {
      times += 1
      if (times === 1) throw new McpdError('BACKEND_ERROR', 'The backend broke.')
      yield* say('Better.')
    })
    await awaitsInput()
    type('Why?\r')
    await sees('The backend broke.')
    await awaitsInput()
    type('Again?\r')
    await sees('Better.')
    await awaitsInput()
    type(ctrlC)
    await closed
  })

  it('shows no control characters of the model', async () => {
    const { type, sees, awaitsInput, closed } = open(() => say('a\u001b]0;title\u0007b'))
    await awaitsInput()
    type('Why?\r')
    await sees('a]0;titleb')
    await awaitsInput()
    type('/exit\r')
    await closed
  })

  it('shows the cursor without styles', async () => {
    const { type, sees, closed } = open(() => say(), true)
    await sees('▏')
    type('hi\u001b[D')
    await sees('> h▏i')
    type('\u0003')
    await closed
  })

  it('closes with the signal', async () => {
    const { sees, controller, closed } = open(() => say())
    await sees('gpu/tiny')
    controller.abort(new McpdError('CANCELLED', 'Interrupted.'))
    await expect(closed).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
