import { describe, expect, it } from 'vitest'
import { formatModels } from '../../../src/cli/format-models.ts'
import { models } from '../client/stand-in-daemon.ts'

describe('formatModels', () => {
  it('marks what is shadowed', () => {
    expect(formatModels(models).split('\n')).toEqual([
      'MODEL            ADAPTER  OPERATIONS      CONTEXT  NOTES',
      'gpu/tiny         openai   chat, complete  2048',
      'gpu/org/vectors  openai   embed           -',
      'cpu/tiny         ollama   chat            -        shadowed by gpu',
    ])
  })

  it('says below it what models say of themselves', () => {
    const [first] = models
    const text = formatModels([{ ...first, capabilities: ['tools', 'vision'], description: 'A toy.\u0007' }])
    expect(text).toMatch(/2048 {5}tools, vision\n\ngpu\/tiny: A toy\.$/)
  })

  it('says where to look when there are none', () => {
    expect(formatModels([])).toContain('mcpd status')
  })
})
