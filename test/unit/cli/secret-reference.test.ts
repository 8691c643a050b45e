import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readOptions } from '../../../src/cli/backend-options.ts'
import { readSecret } from '../../../src/cli/secret-reference.ts'

describe('readSecret', () => {
  it('follows env: and file:', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpd-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'key'), 'from a file\n')
    expect(readSecret('env:K', '--x-from', { K: 'from the environment' })).toBe('from the environment')
    expect(readSecret(`file:${join(folder, 'key')}`, '--x-from', {})).toBe('from a file')
  })

  it.each(['hunter2', 'env:NOTHING', 'env:constructor', 'file:/nowhere/at/all', ''])(
    'refuses "%s"',
    (given) => {
      expect(() => readSecret(given, '--x-from', {})).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )

  it('does not repeat what may be the secret itself', () => {
    expect(() => readSecret('hunter2', '--x-from', {})).toThrow(/^(?!.*hunter2)/)
  })
})

describe('readOptions', () => {
  const none = { url: undefined, 'api-key-from': undefined, option: undefined }

  it('takes JSON where there is some, else text', () => {
    const option = ['concurrency=8', 'models=["a","b"]', 'note=a=b', 'flag=true']
    expect(readOptions({ ...none, url: 'http://x', option }, {})).toEqual({
      url: 'http://x',
      concurrency: 8,
      models: ['a', 'b'],
      note: 'a=b',
      flag: true,
    })
    expect(readOptions({ ...none, 'api-key-from': 'env:K' }, { K: 'v' })).toEqual({ apiKey: 'v' })
    expect(readOptions(none, {})).toEqual({})
  })

  it('refuses what has no name', () => {
    for (const option of ['=1', 'name', ''])
      expect(() => readOptions({ ...none, option: [option] }, {})).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      )
  })
})
