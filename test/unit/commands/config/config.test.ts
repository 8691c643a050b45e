import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand, temporaryFolder } from '../run-command.ts'

/** A file with one backend, at line 2. */
const write = (text: string): string => {
  const path = join(temporaryFolder(), 'mcpd.yaml')
  writeFileSync(path, text)
  return path
}

describe('mcpd config show', () => {
  it('shows values with their origins, defaults of the adapter included, and no secret', async () => {
    const path = write(
      'backends:\n  - {name: a, adapter: openai, url: "http://127.0.0.1:1", apiKey: "${env:K}"}\n',
    )
    const { code, out } = await runCommand(['config', 'show', '--config', path, '--port', '1'], {
      env: { K: 'sesame', MCPD_LOG_LEVEL: 'debug' },
    })
    const lines = out.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))
    expect(code).toBe(0)
    expect(out).not.toContain('sesame')
    expect(lines).toContain(`apiKey: *** # ${path}:2 \${env:K}`)
    expect(lines).toContain('port: 1 # flag')
    expect(lines).toContain('level: debug # MCPD_LOG_LEVEL')
    expect(lines).toContain('streamUsage: true # default')
  })
})

describe('mcpd config validate', () => {
  it('accepts a good file and says the line of what is wrong in a bad one', async () => {
    const good = write('backends:\n  - {name: a, adapter: openai, url: "http://127.0.0.1:1"}\n')
    const bad = write(
      'backends:\n  - name: a\n    adapter: openai\n    url: http://127.0.0.1:1\n    ulr: x\n',
    )
    const [well, wrong] = await Promise.all([
      runCommand(['config', 'validate', good, '--json']),
      runCommand(['config', 'validate', bad, '--json']),
    ])
    expect({ ...well, out: JSON.parse(well.out) as unknown }).toEqual({
      code: 0,
      err: '',
      out: { valid: true, path: good, backends: [{ name: 'a', adapter: 'openai' }] },
    })
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.out)).toMatchObject({
      error: {
        code: 'CONFIG_INVALID',
        message: `${bad}:5: backend a: ulr is not a setting of this adapter.`,
      },
    })
  })
})

describe('mcpd config schema', () => {
  it('prints the schema with the options of each adapter', async () => {
    const { code, out } = await runCommand(['config', 'schema', '--json'])
    const schema = JSON.parse(out) as {
      properties: { backends: { items: { anyOf: { title: string; properties: object }[] } } }
    }
    expect(code).toBe(0)
    const { anyOf } = schema.properties.backends.items
    expect(anyOf.find(({ title }) => title === 'openai')?.properties).toMatchObject({
      concurrency: { default: 64 },
      url: { type: 'string' },
    })
  })
})
