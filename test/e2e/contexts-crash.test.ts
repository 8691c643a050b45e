import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AnthropicStandIn, startAnthropicStandIn } from '../../fixtures/anthropic-stand-in.ts'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { createClient } from '../../src/client/index.ts'

/** Conversations outlive the daemon: it is killed as a power cut would, and nothing it acknowledged is gone. */

const program = fileURLToPath(new URL('../../bin/mcpd-daemon.js', import.meta.url))

let folder: string
let openai: OpenAiStandIn
let ollama: OllamaStandIn
let anthropic: AnthropicStandIn
let children: ChildProcess[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
  openai = await startOpenAiStandIn({ models: ['gpt', 'slow'], tokenDelayMs: 5 })
  ollama = await startOllamaStandIn()
  anthropic = await startAnthropicStandIn()
  children = []
  await writeFile(
    join(folder, 'mcpd.yaml'),
    `backends:
  - { name: gpu, adapter: openai, url: "${openai.url}" }
  - { name: laptop, adapter: ollama, url: "${ollama.url}" }
  - { name: cloud, adapter: anthropic, url: "${anthropic.url}" }
`,
  )
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([openai.close(), ollama.close(), anthropic.close()])
  await rm(folder, { recursive: true, force: true })
})

const start = async () => {
  const args = [
    program,
    '--config',
    join(folder, 'mcpd.yaml'),
    '--state-dir',
    folder,
    '--port',
    '0',
    '--json',
  ]
  const child = spawn(process.execPath, [...args, '--no-discover'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MCPD_SOURCE: '1' },
  })
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const client = createClient({ url, stateDir: folder }, {})
  const chat = async (model: string, content: string, context: string): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mcpd-context': context },
      body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
    })
  return { url, kill, client, chat }
}

describe('a conversation', () => {
  it('goes on with a second and a third runtime, the daemon killed in between', async () => {
    const first = await start()
    const { id } = await first.client.contexts.create({ title: 'Long talk' })
    expect((await first.chat('gpu/gpt', 'one', id)).status).toBe(200)
    await first.client.close()
    await first.kill()

    const second = await start()
    expect((await second.chat('laptop/stand-in:latest', 'two', id)).status).toBe(200)
    await second.client.close()
    await second.kill()

    const third = await start()
    expect((await third.chat('cloud/stand-in', 'three', id)).status).toBe(200)
    const page = await third.client.contexts.turns(id)
    expect(page.turns.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
      'assistant',
    ])
    expect(page.turns.map(({ origin }) => origin?.['backend'])).toEqual([
      undefined,
      'gpu',
      undefined,
      'laptop',
      undefined,
      'cloud',
    ])
    expect((await third.client.contexts.fsck()).ok).toBe(true)
    await third.client.close()
  })

  it('shows an answer as aborted that a crash cut off, and goes on behind it', async () => {
    const first = await start()
    const { id } = await first.client.contexts.create({})
    const client = new OpenAI({ baseURL: `${first.url}/v1`, apiKey: 'none', maxRetries: 0 })
    const stream = await client.chat.completions.create(
      { model: 'gpu/gpt', messages: [{ role: 'user', content: 'words 300' }], stream: true },
      { headers: { 'x-mcpd-context': id } },
    )
    const broken = (async () => {
      let seen = 0
      for await (const _ of stream) {
        seen += 1
        if (seen === 3) await first.kill()
      }
    })()
    await expect(broken).rejects.toThrow()
    await first.client.close()

    const second = await start()
    const page = await second.client.contexts.turns(id)
    expect(page.turns.map(({ role, state }) => [role, state])).toEqual([
      ['user', 'complete'],
      ['assistant', 'aborted'],
    ])
    expect((await second.chat('gpu/gpt', 'words 300', id)).status).toBe(200)
    const after = await second.client.contexts.turns(id)
    expect(after.turns.map(({ role, state }) => [role, state])).toEqual([
      ['user', 'complete'],
      ['assistant', 'aborted'],
      ['assistant', 'complete'],
    ])
    await second.client.close()
  })

  it('goes on in Responses after a crash', async () => {
    const first = await start()
    const ask = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 }).responses
    const one = await ask(first.url).create({ model: 'gpu/gpt', input: 'one' })
    await first.client.close()
    await first.kill()
    const second = await start()
    const two = await ask(second.url).create({
      model: 'laptop/stand-in:latest',
      input: 'two',
      previous_response_id: one.id,
    })
    expect(two.output_text).not.toBe('')
    await second.client.close()
  })
})
