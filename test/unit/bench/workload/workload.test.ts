import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRandom } from '../../../../src/bench/random.ts'
import { readPrompts } from '../../../../src/bench/workload/prompt-file.ts'
import { describeSizes, drawSize, meanOf, parseSizes } from '../../../../src/bench/workload/sizes.ts'
import { askOf, type Workload } from '../../../../src/bench/workload/workload.ts'

const workload: Workload = {
  seed: 5,
  inputTokens: { kind: 'uniform', least: 20, most: 40 },
  outputTokens: { kind: 'fixed', tokens: 8 },
  sharedPrefixTokens: 10,
}

describe('sizes', () => {
  it.each(['256', '64-512', 'normal:256,64', 'lognormal:256,0.5'])('reads %s and says it again', (text) => {
    expect(describeSizes(parseSizes(text))).toBe(text)
  })

  it.each(['', '0', '-3', 'many', '9-3', 'normal:256', '1e9', '5000000'])('refuses "%s"', (text) => {
    expect(() => parseSizes(text)).toThrow(/no number of tokens/)
  })

  it.each(['64-512', 'normal:256,64', 'lognormal:256,0.5'])('draws %s around its mean', (text) => {
    const sizes = parseSizes(text)
    const random = createRandom(1)
    const drawn = Array.from({ length: 20_000 }, () => drawSize(sizes, random))
    const center = drawn.reduce((sum, size) => sum + size, 0) / drawn.length
    expect(Math.abs(center / meanOf(sizes) - 1)).toBeLessThan(0.02)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1)
  })
})

describe('a workload', () => {
  it('asks the same for the same number, and something else for every other', () => {
    expect(askOf(workload, 'measured', 3)).toEqual(askOf(workload, 'measured', 3))
    const texts = Array.from({ length: 100 }, (_, index) => askOf(workload, 'measured', index).text)
    expect(new Set(texts).size).toBe(100)
  })

  it('has prompts as long as it says, all beginning with the shared words', () => {
    const asks = Array.from({ length: 50 }, (_, index) => askOf(workload, 'measured', index))
    const words = asks.map(({ text }) => text.split(' '))
    expect(words.map(({ length }) => length)).toEqual(asks.map(({ inputTokens }) => inputTokens))
    expect(new Set(words.map((each) => each.slice(0, 10).join(' '))).size).toBe(1)
    expect(new Set(words.map((each) => each.slice(0, 13).join(' '))).size).toBeGreaterThan(45)
  })

  it('shares no prompt between the warm-up and the run', () => {
    const warm = Array.from({ length: 50 }, (_, index) => askOf(workload, 'warm-up', index).text)
    const measured = new Set(
      Array.from({ length: 50 }, (_, index) => askOf(workload, 'measured', index).text),
    )
    expect(warm.filter((text) => measured.has(text))).toEqual([])
  })
})

describe('a file of prompts', () => {
  const file = async (text: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpd-prompts-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'prompts')
    await writeFile(path, text)
    return path
  }

  it('may be lines, of text or of JSON', async () => {
    const path = await file('What is this?\n\n{"prompt":"Why?","output_tokens":12}\n{ not JSON\r\n')
    expect(await readPrompts(path)).toEqual([
      { text: 'What is this?' },
      { text: 'Why?', outputTokens: 12 },
      { text: '{ not JSON' },
    ])
  })

  it('may be ShareGPT', async () => {
    const conversations = [
      { from: 'system', value: 'Be brief.' },
      { from: 'human', value: 'Hello?' },
      { from: 'gpt', value: 'x'.repeat(40) },
    ]
    const path = await file(JSON.stringify([{ id: 1, conversations }, { conversations: [] }, null, 7]))
    expect(await readPrompts(path)).toEqual([{ text: 'Hello?', outputTokens: 10 }])
  })

  it.each([
    ['[{"conversations":', /is none/],
    ['\n\n', /no prompt/],
  ])('is refused when it is %j', async (text, why) => {
    await expect(readPrompts(await file(text))).rejects.toThrow(why)
    await expect(readPrompts('/nonexistent/prompts')).rejects.toMatchObject({ code: 'USAGE' })
  })
})
