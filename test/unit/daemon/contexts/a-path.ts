import { hash } from 'node:crypto'
import type { Turn } from '../../../../src/core/context.ts'
import type { Message } from '../../../../src/core/inference.ts'
import type { PathTurn } from '../../../../src/daemon/contexts/path.ts'

/** Messages as tests write them: `u:` says the user, `a:` the assistant, `s:` and `d:` are instructions. */
export const say = (text: string): Message => {
  const roles = { u: 'user', a: 'assistant', s: 'system', d: 'developer' } as const
  const role = roles[text[0] as keyof typeof roles]
  return { role, content: text.slice(2) }
}

export type Saying = Message | string | { readonly said: Message | string; readonly turn: Partial<Turn> }

/** A path of complete turns `t1`, `t2`, … that say this, one after the other. */
export const pathOf = (...sayings: readonly Saying[]): PathTurn[] => {
  let chainHash = ''
  return sayings.map((saying, index) => {
    const { said, turn = {} } =
      typeof saying === 'object' && 'said' in saying ? saying : { said: saying, turn: {} }
    const message = typeof said === 'string' ? say(said) : said
    const body = JSON.stringify(message)
    chainHash = hash('sha256', chainHash + body)
    return {
      message,
      turn: {
        id: `t${index + 1}`,
        parent: index === 0 ? null : `t${index}`,
        seq: index + 1,
        role: message.role,
        at: 1_700_000_000_000 + index * 1000,
        state: 'complete',
        bodyHash: hash('sha256', body, 'base64url'),
        chainHash,
        bodyBytes: Buffer.byteLength(body),
        pinned: false,
        ...turn,
      },
    }
  })
}

export const callOf = (id: string, name = 'look', argumentsText = '{"at":1}'): Message => ({
  role: 'assistant',
  content: null,
  toolCalls: [{ id, name, argumentsText }],
})

export const resultOf = (toolCallId: string, content = 'seen'): Message => ({
  role: 'tool',
  content,
  toolCallId,
})
