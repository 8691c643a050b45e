import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkConfig, describeAdapters } from '../../../src/daemon/check.ts'

const check = (text: string, insecure = false) => {
  const cwd = mkdtempSync(join(tmpdir(), 'mcpd-check-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'mcpd.yaml'), text)
  return checkConfig({ insecure }, { env: { XDG_CONFIG_HOME: cwd }, cwd })
}

describe('checkConfig', () => {
  it('names the backends it would have', async () => {
    const { path, backends } = await check(
      'backends: [{name: a, adapter: openai, url: "http://127.0.0.1:1"}]',
    )
    expect(path).toMatch(/mcpd\.yaml$/)
    expect(backends).toEqual([{ name: 'a', adapter: 'openai' }])
  })

  it.each([
    ['backends:\n  - name: a\n    adapter: openai\n    url: ftp://x', ':4: backend a: url '],
    [
      'backends:\n  - {name: a, adapter: openai, url: "http://x", nmae: b}',
      ':2: backend a: nmae is not a setting',
    ],
    ['backends:\n  - {name: a, adapter: other}', ':2: there is no adapter "other"'],
    ['backends:\n  - &x {name: a, adapter: embedded, model: m}\n  - *x', 'two backends are named "a"'],
    ['listen: {host: 0.0.0.0}', 'without a key would let anybody in'],
  ])('refuses %j with the line', async (text, message) => {
    await expect(check(text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message) as string,
    })
  })

  it('lets an open door be, where that is said', async () => {
    expect((await check('listen: {host: 0.0.0.0}', true)).backends).toEqual([])
  })
})

describe('describeAdapters', () => {
  it('says what each takes, as plain JSON', () => {
    const described = JSON.parse(JSON.stringify(describeAdapters())) as { type: string; options: object }[]
    expect(described.map(({ type }) => type)).toEqual(expect.arrayContaining(['openai', 'embedded']))
    for (const { options } of described)
      expect(options).toMatchObject({ type: 'object', additionalProperties: false })
  })
})
