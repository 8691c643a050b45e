import { describe, expect, it } from 'vitest'
import { readEvents } from '../../../src/client/events.ts'

const read = async (text: string, chunkBytes = text.length) => {
  async function* chunks() {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const events = []
  for await (const event of readEvents(chunks(), 'http://d')) events.push(event)
  return events
}

const end = 'event: end\ndata: {"timings":{"queueMs":0,"ttftMs":null,"totalMs":1}}\n\n'
const delta = 'event: text-delta\ndata: {"index":0,"text":"ä€😀"}\n\n'

describe('readEvents', () => {
  it('reads the same events however the bytes are cut', async () => {
    const whole = await read(delta + end)
    expect(whole).toEqual([
      { type: 'text-delta', index: 0, text: 'ä€😀' },
      { type: 'end', timings: { queueMs: 0, ttftMs: null, totalMs: 1 } },
    ])
    for (const chunkBytes of [1, 2, 3, 7]) expect(await read(delta + end, chunkBytes)).toEqual(whole)
  })

  it('leaves out comments and events it does not know', async () => {
    expect(await read(`: ping\n\nevent: news\ndata: {}\n\ndata: {}\n\n${end}`)).toHaveLength(1)
  })

  it('throws what the daemon reports', async () => {
    const failure = `event: error\ndata: {"status":502,"code":"BACKEND_ERROR","detail":"It broke."}\n\n`
    await expect(read(delta + failure)).rejects.toMatchObject({ code: 'BACKEND_ERROR', message: 'It broke.' })
  })

  it('throws at an early end and at nonsense', async () => {
    await expect(read(delta)).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    await expect(read('event: text-delta\ndata: {\n\n')).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
    await expect(read('event: error\ndata: oops\n\n')).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })
})
