import { describe, expect, it } from 'vitest'
import { nearest } from '../../../src/client/nearest.ts'

const commands = ['chat', 'status', 'stop', 'models', 'serve']

describe('nearest', () => {
  it('finds what was meant behind a slip of the fingers', () => {
    expect(nearest('chta', commands)).toBe('chat')
    expect(nearest('statu', commands)).toBe('status')
    expect(nearest('Modles', commands)).toBe('models')
    expect(nearest('sreve', commands)).toBe('serve')
    expect(nearest('stopp', commands)).toBe('stop')
  })

  it('prefers what differs least', () => {
    expect(nearest('stop', ['step', 'stop'])).toBe('stop')
    expect(nearest('abcdef', ['abcdxy', 'abcdex'])).toBe('abcdex')
  })

  it('finds nothing where too much differs', () => {
    expect(nearest('frobnicate', commands)).toBeUndefined()
    expect(nearest('xy', ['ab'])).toBeUndefined()
    expect(nearest('chat', [])).toBeUndefined()
  })
})
