import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** Conversations on the daemon's own surfaces, over two runtimes. */

let openai: OpenAiStandIn
let ollama: OllamaStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  openai = await startOpenAiStandIn({ models: ['gpt'], tokenDelayMs: 1 })
  ollama = await startOllamaStandIn()
  mcpd = await startTestDaemon(`backends:
  - { name: gpu, adapter: openai, url: "${openai.url}", models: [gpt, fault/cut-mid-stream] }
  - { name: laptop, adapter: ollama, url: "${ollama.url}" }
`)
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([openai.close(), ollama.close()])
})

interface Reply {
  readonly status: number
  readonly headers: Headers
  // What is read of an answer is what the assertions say.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

const call = async (method: string, path: string, body?: unknown, headers = {}): Promise<Reply> => {
  const answer = await mcpd.fetch(path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '')
  return { status: answer.status, headers: answer.headers, body: isJson && text ? JSON.parse(text) : text }
}

const create = async (body: object = {}): Promise<string> =>
  (await call('POST', '/mcp/v1/contexts', body)).body.id
const turnsOf = async (id: string, query = ''): Promise<Reply> =>
  call('GET', `/mcp/v1/contexts/${id}${query}`)
const said = ({ body }: Reply): [string, unknown][] =>
  body.turns.map(({ role, content }: { role: string; content: unknown }) => [role, content])
/** What reached the first backend last. */
const sentMessages = (): { readonly role: string }[] =>
  (JSON.parse(openai.requests.at(-1)!.body.toString()) as { messages: { role: string }[] }).messages
const user = (content: string) => ({ role: 'user', content })
const chat = (model: string, messages: object[], id: string, more = {}, headers = {}): Promise<Reply> =>
  call('POST', '/v1/chat/completions', { model, messages, ...more }, { 'x-mcpd-context': id, ...headers })

describe('a conversation', () => {
  it('goes on from one runtime to another, with only what is new sent', async () => {
    const id = await create({ title: 'Trip' })
    const first = await chat('gpu/gpt', [{ role: 'system', content: 'Be brief.' }, user('one')], id)
    expect(first.status).toBe(200)
    expect(first.headers.get('x-mcpd-context')).toBe(`${id}@main`)
    const second = await call('POST', '/api/chat', {
      model: 'laptop/stand-in:latest',
      messages: [user('two')],
      stream: false,
      mcpd: { context: { id } },
    })
    expect(second.status, JSON.stringify(second.body)).toBe(200)
    const third = await call('POST', '/mcp/v1/gpu/gpt/chat', {
      messages: [user('three')],
      mcpd: { context: { id } },
    })
    expect(third.status).toBe(200)
    expect(third.body.context).toMatchObject({ id, ref: 'main', view: { mode: 'whole', dropped: [] } })
    expect(sentMessages().map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ])
    expect(said(await turnsOf(id)).map(([role]) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
      'assistant',
    ])
    const page = await turnsOf(id)
    expect(page.body.turns.at(-1).id).toBe(third.headers.get('x-mcpd-turn'))
    expect(page.body.head).toBe(page.body.turns.at(-1).id)
  })

  it('recognises a history that is sent again', async () => {
    const id = await create()
    const first = await chat('gpu/gpt', [user('one')], id)
    const answer = first.body.choices[0].message
    await chat('gpu/gpt', [user('one'), answer, user('two')], id)
    expect(said(await turnsOf(id))).toHaveLength(4)
  })

  it('refuses a contradicting history, or forks', async () => {
    const id = await create()
    const answer = (await chat('gpu/gpt', [user('one')], id)).body.choices[0].message
    await chat('gpu/gpt', [user('two')], id)
    const other = [user('one'), answer, user('else')]
    const refused = await chat('gpu/gpt', other, id)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'context_conflict'])
    const forked = await chat('gpu/gpt', other, id, { mcpd: { context: { id, onConflict: 'fork' } } })
    expect(forked.status).toBe(200)
    const [, head] = forked.headers.get('x-mcpd-context')!.split('@')
    expect(head).toMatch(/^fork-/)
    expect(said(await turnsOf(id, `?ref=${head}`)).map(([, text]) => text)).toEqual([
      'one',
      'one',
      'else',
      'else',
    ])
    expect(said(await turnsOf(id))).toHaveLength(4)
  })

  it('streams, and has the answer stored before its end is seen', async () => {
    const id = await create()
    const { body } = await chat('gpu/gpt', [user('hello there')], id, { stream: true })
    expect(body).toContain('[DONE]')
    expect(said(await turnsOf(id))).toEqual([
      ['user', 'hello there'],
      ['assistant', 'hello there'],
    ])
  })

  it('keeps what there was of an answer that broke off, and goes on', async () => {
    const id = await create()
    const broken = await chat('gpu/fault/cut-mid-stream', [user('tell')], id, { stream: true })
    expect(broken.body).not.toContain('[DONE]')
    const after = await turnsOf(id)
    expect(after.body.turns.at(-1)).toMatchObject({ role: 'assistant', state: 'aborted' })
    const again = await chat('gpu/gpt', [user('tell')], id)
    expect(again.status).toBe(200)
    expect(sentMessages()).toEqual([user('tell')])
  })

  it('answers a repeated request with the same idempotency key from what is stored', async () => {
    const id = await create()
    const key = { 'idempotency-key': 'k1' }
    const first = await chat('gpu/gpt', [user('one')], id, {}, key)
    const asked = openai.requests.length
    const again = await chat('gpu/gpt', [user('one')], id, {}, key)
    expect(again.body.choices[0].message.content).toBe(first.body.choices[0].message.content)
    expect(openai.requests).toHaveLength(asked)
    expect(said(await turnsOf(id))).toHaveLength(2)
  })

  it('is answered anew under the same idempotency key while no answer is whole, then from what is stored', async () => {
    const id = await create()
    const key = { 'idempotency-key': 'k2' }
    await chat('gpu/fault/cut-mid-stream', [user('tell')], id, { stream: true }, key)
    await chat('gpu/fault/cut-mid-stream', [user('tell')], id, { stream: true }, key)
    const whole = await chat('gpu/gpt', [user('tell')], id, {}, key)
    expect(whole.status).toBe(200)
    const asked = openai.requests.length
    const again = await chat('gpu/gpt', [user('tell')], id, {}, key)
    expect(again.headers.get('x-mcpd-turn')).toBe(whole.headers.get('x-mcpd-turn'))
    expect(again.body.choices[0].message.content).toBe('tell')
    expect(openai.requests).toHaveLength(asked)
    const { body } = await turnsOf(id)
    expect(body.turns.map(({ role, state }: { role: string; state: string }) => `${role} ${state}`)).toEqual([
      'user complete',
      'assistant aborted',
      'assistant aborted',
      'assistant complete',
    ])
  })

  it('is kept under a budget, and says what was left out', async () => {
    const id = await create()
    for (let turn = 0; turn < 12; turn += 1)
      await chat('gpu/gpt', [user(`message ${turn} ${'word '.repeat(30)}`)], id)
    const answer = await chat('gpu/gpt', [user('last one')], id, {
      mcpd: { context: { id, budgetTokens: 300 } },
    })
    expect(answer.headers.get('x-mcpd-pruning')).toMatch(/dropped=[1-9]/)
    const preview = await call('GET', `/mcp/v1/contexts/${id}/prune?budgetTokens=300`)
    expect(preview.body.tokens).toBeLessThanOrEqual(300)
    expect(preview.body.kept.length + preview.body.dropped.length).toBe(26)
    const tooSmall = await call('GET', `/mcp/v1/contexts/${id}/prune?budgetTokens=1`)
    expect([tooSmall.status, tooSmall.body]).toMatchObject([409, { param: 'budgetTokens' }])
    const unlimited = await turnsOf(id, '?view=budget')
    expect(unlimited.body.view.dropped).toEqual([])
    const budget = await turnsOf(id, '?view=budget&budgetTokens=300')
    expect(budget.body.turns.map(({ id }: { id: string }) => id)).toEqual(budget.body.view.kept)
  })

  it('is unknown to everybody in the same way', async () => {
    for (const [method, path, body] of [
      ['GET', '/mcp/v1/contexts/nobody', undefined],
      ['DELETE', '/mcp/v1/contexts/nobody', undefined],
      ['POST', '/mcp/v1/contexts/nobody/turns', { messages: [user('x')] }],
      ['POST', '/mcp/v1/contexts/nobody/fork', {}],
    ] as const) {
      const refused = await call(method, path, body)
      expect([refused.status, refused.body.code]).toEqual([404, 'CONTEXT_NOT_FOUND'])
    }
    expect((await chat('gpu/gpt', [user('x')], 'nobody')).status).toBe(404)
  })
})

describe('the API of contexts', () => {
  it('appends under If-Match and Idempotency-Key', async () => {
    const id = await create({ messages: [user('one')] })
    const { head } = (await turnsOf(id)).body
    const path = `/mcp/v1/contexts/${id}/turns`
    const added = await call(
      'POST',
      path,
      { messages: [{ role: 'assistant', content: 'two' }] },
      { 'if-match': `"${head}"`, 'idempotency-key': 'a' },
    )
    expect(added.status).toBe(200)
    expect(added.body.turns).toHaveLength(1)
    const again = await call(
      'POST',
      path,
      { messages: [{ role: 'assistant', content: 'two' }] },
      { 'if-match': `"${head}"`, 'idempotency-key': 'a' },
    )
    expect(again.body).toEqual({ ...added.body, duplicate: true })
    const late = await call('POST', path, { messages: [user('three')] }, { 'if-match': `"${head}"` })
    expect([late.status, late.body.head]).toEqual([409, added.body.head])
    const anywhere = await call('POST', path, { messages: [user('three')] }, { 'if-match': '*' })
    expect(anywhere.status).toBe(200)
    expect((await call('POST', path, { messages: [user('x')] }, { 'if-match': 'nonsense' })).status).toBe(400)
  })

  it('pages, forks, rewinds, pins, lists, searches, changes and deletes', async () => {
    const id = await create({
      title: 'A',
      tags: ['t'],
      messages: [1, 2, 3, 4, 5].map((n) => user(`turn ${n}`)),
    })
    const first = await turnsOf(id, '?limit=2')
    expect(said(first).map(([, text]) => text)).toEqual(['turn 1', 'turn 2'])
    const rest = await turnsOf(id, `?limit=9&cursor=${first.body.next}`)
    expect(said(rest).map(([, text]) => text)).toEqual(['turn 3', 'turn 4', 'turn 5'])
    expect(rest.body.next).toBeUndefined()
    const second = first.body.turns[1].id
    const fork = await call('POST', `/mcp/v1/contexts/${id}/fork`, { at: second, name: 'side' })
    expect([fork.status, fork.body.head]).toEqual([201, second])
    const back = await call('POST', `/mcp/v1/contexts/${id}/rewind`, { turns: 2 })
    expect(back.body.head).toBe(rest.body.turns[0].id)
    await call('POST', `/mcp/v1/contexts/${id}/pin`, { turn: second, pinned: true })
    expect((await turnsOf(id)).body.turns[1].pinned).toBe(true)
    const listed = await call('GET', '/mcp/v1/contexts?tag=t&limit=5')
    expect(listed.body.contexts.map((entry: { id: string }) => entry.id)).toEqual([id])
    expect(Object.keys(listed.body.contexts[0].heads).toSorted()).toEqual(['main', 'side'])
    const changed = await call('PATCH', `/mcp/v1/contexts/${id}`, { title: 'B' })
    expect([changed.body.title, changed.body.tags]).toEqual(['B', ['t']])
    const snapshot = await call('GET', `/mcp/v1/contexts/${id}/snapshot`)
    expect(snapshot.body.messages).toEqual([1, 2, 3].map((n) => user(`turn ${n}`)))
    const found = await call('POST', '/mcp/v1/contexts/search', { query: 'turn 2' })
    expect(found.body.results[0]).toMatchObject({ context: id, turn: second })
    expect((await call('DELETE', `/mcp/v1/contexts/${id}`)).status).toBe(204)
    expect((await turnsOf(id)).status).toBe(404)
  })

  it('exports, and imports byte for byte', async () => {
    const id = await create({ title: 'Trip', messages: [user('one'), { role: 'assistant', content: 'two' }] })
    await call('POST', `/mcp/v1/contexts/${id}/fork`, { name: 'side' })
    const file = await call('GET', `/mcp/v1/contexts/${id}/export`)
    const read = (query: string, body: string) =>
      mcpd.fetch(`/mcp/v1/contexts/import${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      })
    expect((await read('', file.body)).status).toBe(409)
    const copy = await read('?id=copy', file.body)
    expect([copy.status, await copy.json()]).toMatchObject([201, { id: 'copy', turns: 2 }])
    const hashes = async (of: string) =>
      (await turnsOf(of)).body.turns.map(({ hash, chain }: { hash: string; chain: string }) => [hash, chain])
    expect(await hashes('copy')).toEqual(await hashes(id))
    const cut = file.body.slice(0, -20)
    expect((await read('?id=cut', cut)).status).toBe(400)
    expect((await turnsOf('cut')).status).toBe(404)
    const markdown = await call('GET', `/mcp/v1/contexts/${id}/export?format=markdown`)
    expect(markdown.body).toContain('# Trip')
  })

  it('has a model sum up the old turns, which then stand no longer in views', async () => {
    const id = await create({
      messages: Array.from({ length: 30 }, (_, n) => ({
        role: n % 2 === 0 ? 'user' : 'assistant',
        content: `turn ${n}`,
      })),
    })
    const made = await call('POST', `/mcp/v1/contexts/${id}/compact`, { model: 'gpu/gpt' })
    expect([made.status, made.body.turns]).toEqual([200, [made.body.head]])
    const preview = await call('GET', `/mcp/v1/contexts/${id}/prune?budgetTokens=1000000`)
    expect(preview.body.kept).toContain(made.body.head)
    expect(preview.body.dropped[0].reason).toBe('summarised')
    expect(said(await turnsOf(id))).toHaveLength(31)
  })

  it.each(['{}:x', 'a\u0000b', 'x'.repeat(65), '..', 'ü'])('refuses the id %j', async (id) => {
    expect((await call('POST', '/mcp/v1/contexts', { id })).status).toBe(400)
    expect([400, 404]).toContain((await turnsOf(encodeURIComponent(id))).status)
  })

  it('keeps what models say as it is: NULs, lone surrogates, deep content', async () => {
    const content = 'a\u0000b\ud800c🙂'
    const id = await create({ messages: [user(content)] })
    expect(said(await turnsOf(id))).toEqual([['user', content]])
  })
})
