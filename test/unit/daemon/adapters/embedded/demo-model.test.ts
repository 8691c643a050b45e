import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildDemoModel, writeDemoModel } from '../../../../../src/daemon/adapters/embedded/demo-model.ts'
import { demoAnswers } from '../../../../../src/daemon/adapters/embedded/demo-text.ts'

describe('the demo model', () => {
  it('is a GGUF of under 2 MB, the same bytes each time', () => {
    const model = buildDemoModel()
    expect(model.toString('latin1', 0, 4)).toBe('GGUF')
    expect(model.length).toBeLessThan(2_000_000)
    expect(model.equals(buildDemoModel())).toBe(true)
  })

  it('names itself, has a chat template and ends its turns', () => {
    const head = buildDemoModel().toString('latin1', 0, 100_000)
    for (const part of ['mcpd-demo', 'tokenizer.chat_template', 'tokenizer.ggml.eos_token_id', '<|im_end|>'])
      expect(head).toContain(part)
  })

  it('is written whole, with nothing left beside it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mcpd-demo-'))
    try {
      await writeDemoModel(join(directory, 'a.gguf'))
      await writeDemoModel(join(directory, 'a.gguf'))
      expect(await readdir(directory)).toEqual(['a.gguf'])
      expect((await readFile(join(directory, 'a.gguf'))).equals(buildDemoModel())).toBe(true)
      await expect(writeDemoModel(join(directory, 'missing', 'a.gguf'))).rejects.toThrow('ENOENT')
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('has read one answer a line, each a sentence at least', () => {
    for (const answer of demoAnswers) expect(answer).toMatch(/^[A-Zm].*[.!?]$/)
    expect(new Set(demoAnswers).size).toBe(demoAnswers.length)
  })
})
