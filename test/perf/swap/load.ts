import { Agent, request } from 'undici'

export interface Load {
  /** Requests that were answered to the end. */
  readonly answered: () => number
  /** Ends the load; resolves with what went wrong, and the milliseconds in mcpd of each request. */
  stop(): Promise<{ readonly wrong: readonly string[]; readonly overheadMs: readonly number[] }>
}

/** What each answer must say, word for word, whichever backend gives it. */
const question = 'Every word of this must come back.'

const body = (stream: boolean): string =>
  JSON.stringify({ model: 'llama', stream, messages: [{ role: 'user', content: question }] })

/** What is wrong with an answer; undefined when it is whole. */
const complaint = (status: number, stream: boolean, text: string): string | undefined => {
  if (status !== 200) return `${status} ${text.slice(0, 200)}`
  const said = stream ? streamed(text) : whole(text)
  return said === question ? undefined : `truncated: ${text.slice(-300)}`
}

const whole = (text: string): string | undefined =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content

const streamed = (text: string): string | undefined => {
  const events = text.split('\n\n').filter(Boolean)
  if (events.pop() !== 'data: [DONE]' || text.includes('"error"')) return undefined
  return events
    .flatMap(
      (event) =>
        (JSON.parse(event.slice('data: '.length)) as { choices: { delta: { content?: string } }[] }).choices,
    )
    .map(({ delta }) => delta.content ?? '')
    .join('')
}

/** Workers that ask one request after the other, every other one streamed, until they are stopped. */
export const startLoad = (url: string, workers: number): Load => {
  const agent = new Agent({ connections: workers, pipelining: 1 })
  const wrong: string[] = []
  const overheadMs: number[] = []
  let answered = 0
  let stopped = false

  const work = async (stream: boolean): Promise<void> => {
    while (!stopped) {
      try {
        const response = await request(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: body(stream),
          dispatcher: agent,
        })
        const problem = complaint(response.statusCode, stream, await response.body.text())
        if (problem === undefined) answered += 1
        else wrong.push(problem)
        overheadMs.push(Number(response.headers['x-mcpd-overhead-ms'] ?? Number.NaN))
      } catch (error) {
        wrong.push(String(error))
      }
    }
  }
  const all = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker % 2 === 0)))
  return {
    answered: () => answered,
    stop: async () => {
      stopped = true
      await all
      await agent.close()
      return { wrong, overheadMs: overheadMs.filter(Number.isFinite) }
    },
  }
}
