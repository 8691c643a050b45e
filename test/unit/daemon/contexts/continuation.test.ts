import { describe, expect, it } from 'vitest'
import type { Message } from '../../../../src/core/inference.ts'
import { type Continuation, continuationOf } from '../../../../src/daemon/contexts/continuation.ts'
import type { PathTurn } from '../../../../src/daemon/contexts/path.ts'
import { callOf, pathOf, resultOf, say } from './a-path.ts'

const ask = (path: readonly PathTurn[], ...messages: readonly (string | Message)[]): Continuation =>
  continuationOf(
    path,
    messages.map((each) => (typeof each === 'string' ? say(each) : each)),
  )

/** The new turns as tests write them, with `!` where pinned. */
const written = ({ turns }: Continuation): string[] =>
  turns.map(({ message, pinned }) => `${pinned ? '!' : ''}${message.role[0]}:${message.content as string}`)

describe('a request for a path', () => {
  const path = pathOf('s:be kind', 'u:one', 'a:1', 'u:two', 'a:2')

  it('adds everything to an empty one, with the opening instructions pinned', () => {
    expect(written(ask([], 's:be kind', 'u:one'))).toEqual(['!s:be kind', 'u:one'])
  })

  it.each<[string, string[], string[]]>([
    ['only a new message', ['u:three'], ['u:three']],
    ['the whole history', ['s:be kind', 'u:one', 'a:1', 'u:two', 'a:2', 'u:three'], ['u:three']],
    ['the history without instructions', ['u:one', 'a:1', 'u:two', 'a:2', 'u:three'], ['u:three']],
    ['a window of the history', ['s:be kind', 'u:two', 'a:2', 'u:three'], ['u:three']],
    ['a window that begins with an answer', ['a:2', 'u:three'], ['u:three']],
    ['exactly the history', ['s:be kind', 'u:one', 'a:1', 'u:two', 'a:2'], []],
    ['several new messages', ['u:two', 'a:2', 'u:three', 'a:3', 'u:four'], ['u:three', 'a:3', 'u:four']],
    ['the same question as before', ['u:one'], ['u:one']],
    ['other instructions', ['s:be brief', 'u:two', 'a:2', 'u:three'], ['!s:be brief', 'u:three']],
    ['the same instructions and a question', ['s:be kind', 'u:three'], ['u:three']],
    ['instructions in the middle', ['u:two', 'a:2', 's:it is late', 'u:three'], ['s:it is late', 'u:three']],
    ['instructions among what is old', ['u:two', 's:now', 'a:2', 'u:three'], ['s:now', 'u:three']],
    ['examples of answers that were never given', ['u:a', 'a:b', 'u:c'], ['u:a', 'a:b', 'u:c']],
  ])('continues with %s', (_, messages, added) => {
    const continuation = ask(path, ...messages)
    expect(continuation.outcome).toBe('continues')
    expect(written(continuation)).toEqual(added)
  })

  it.each<[string, string[], string, string | null, string[]]>([
    ['another question in the middle', ['u:one', 'a:1', 'u:2nd'], 't4', 't3', ['u:2nd']],
    ['an earlier end', ['s:be kind', 'u:one', 'a:1', 'u:two'], 't5', 't4', []],
    ['another answer', ['u:one', 'a:uno', 'u:two'], 't3', 't2', ['a:uno', 'u:two']],
    ['another beginning', ['u:eins', 'a:1', 'u:two'], 't2', null, ['u:eins', 'a:1', 'u:two']],
    ['another end of a window', ['a:1', 'u:2nd'], 't4', 't3', ['u:2nd']],
  ])('is contradicted by %s', (_, messages, turn, base, added) => {
    const continuation = ask(path, ...messages)
    expect(continuation).toMatchObject({ outcome: 'contradicts', turn, base })
    expect(written(continuation).filter((each) => !each.startsWith('!'))).toEqual(added)
  })

  it('forks under the instructions that held there', () => {
    const changed = pathOf(
      's:be kind',
      'u:one',
      'a:1',
      { said: 's:be brief', turn: { pinned: true } },
      'u:two',
    )
    expect(written(ask(changed, 's:be brief', 'u:one', 'a:uno', 'u:x'))).toEqual([
      '!s:be brief',
      'a:uno',
      'u:x',
    ])
    expect(written(ask(changed, 's:be kind', 'u:one', 'a:uno', 'u:x'))).toEqual(['a:uno', 'u:x'])
    expect(written(ask(changed, 's:be brief', 'u:three'))).toEqual(['u:three'])
  })

  it('asks again after an answer that was cut short', () => {
    const cut = pathOf('u:one', 'a:1', 'u:two', { said: 'a:2 and', turn: { state: 'aborted' } })
    expect(ask(cut, 'u:one', 'a:1', 'u:two')).toEqual({ outcome: 'continues', turns: [] })
    expect(ask(cut, 'u:two')).toEqual({ outcome: 'continues', turns: [] })
    expect(written(ask(cut, 'u:one', 'a:1', 'u:two', 'u:well?'))).toEqual(['u:well?'])
  })

  it('does not take an old question at its end for a window', () => {
    const again = pathOf('u:hi', 'a:1', 'u:two', 'a:2', 'u:hi')
    expect(ask(again, 'u:hi', 'a:1', 'u:2nd')).toMatchObject({
      outcome: 'contradicts',
      turn: 't3',
      base: 't2',
    })
  })

  it('knows an answer that came back trimmed, without its reasoning and unknown members', () => {
    const thinking = pathOf('u:one', {
      role: 'assistant',
      content: ' Yes.\n',
      reasoning: 'Hm.',
      extra: { refusal: null },
    })
    expect(written(ask(thinking, 'u:one', 'a:Yes.', 'u:two'))).toEqual(['u:two'])
  })

  it('passes over a summary', () => {
    const summed = pathOf('u:one', 'a:1', {
      said: 'u:Until now: one.',
      turn: { pinned: true, origin: { model: 'm' } },
    })
    expect(written(ask(summed, 'u:one', 'a:1', 'u:two'))).toEqual(['u:two'])
  })

  it('makes results name the calls as the path has them', () => {
    const called = pathOf('u:look', callOf('call_abc'))
    const continuation = ask(
      called,
      'u:look',
      callOf('call_1_0', 'look', '{ "at": 1 }'),
      resultOf('call_1_0'),
      'u:and?',
    )
    expect(continuation).toEqual({
      outcome: 'continues',
      turns: [
        { message: resultOf('call_abc'), pinned: false },
        { message: say('u:and?'), pinned: false },
      ],
    })
  })
})
