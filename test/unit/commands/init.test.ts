import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/core/load-config.ts'
import { runCommand, temporaryFolder } from './run-command.ts'

const litellm = `
model_list:
  - model_name: fast
    litellm_params: { model: hosted_vllm/org/model, api_base: "http://127.0.0.1:1/v1", api_key: sk-literal, rpm: 5 }
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY }
`

describe('mcpd init', () => {
  it('writes a file that loads, and never over another one', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'mcpd.yaml')
    const words = ['init', '--no-discover', '--output', path]
    const first = await runCommand(words)
    expect(first.code).toBe(0)
    expect(loadConfig({ path, env: {}, cwd: folder }).config.backends).toEqual([])

    writeFileSync(path, 'mine')
    const second = await runCommand([...words, '--json'])
    expect({ code: second.code, text: readFileSync(path, 'utf8') }).toEqual({ code: 2, text: 'mine' })
    expect(JSON.parse(second.out)).toMatchObject({ error: { code: 'CONFLICT' } })

    const forced = await runCommand([...words, '--force'])
    expect(forced.code).toBe(0)
    expect(readFileSync(path, 'utf8')).not.toBe('mine')
    expect(readdirSync(folder)).toEqual(['mcpd.yaml'])
  })

  it('converts a LiteLLM config into one that the daemon accepts, and says what it left out', async () => {
    const folder = temporaryFolder()
    const [from, path] = [join(folder, 'litellm.yaml'), join(folder, 'mcpd.yaml')]
    writeFileSync(from, litellm)
    const { code, out, err } = await runCommand(['init', '--from', from, '--output', path])
    expect({ code, out }).toEqual({ code: 0, out: `Wrote ${path}: vllm, openai.` })
    expect(err).toContain(`${from}:4 model_list[0].litellm_params.rpm`)
    expect(err).toContain('Put it into the environment as VLLM_API_KEY.')
    expect(err).toContain('Set these before "mcpd serve": VLLM_API_KEY, OPENAI_API_KEY')
    expect(readFileSync(path, 'utf8') + err).not.toContain('sk-literal')

    const env = { VLLM_API_KEY: 'a', OPENAI_API_KEY: 'b' }
    expect(loadConfig({ path, env, cwd: folder }).config.groups).toMatchObject([{ name: 'fast' }])
    const checked = await runCommand(['config', 'validate', path, '--json'], { env })
    expect(JSON.parse(checked.out)).toMatchObject({
      valid: true,
      backends: [{ name: 'vllm' }, { name: 'openai' }],
    })
  })

  it('prints without writing, and says what is missing', async () => {
    const folder = temporaryFolder()
    const [print, missing, unwritable] = await Promise.all([
      runCommand(['init', '--no-discover', '--print']),
      runCommand(['init', '--from', join(folder, 'nothing.yaml')]),
      runCommand(['init', '--no-discover', '--output', join(folder, 'no', 'mcpd.yaml')]),
    ])
    expect(print.code).toBe(0)
    expect(print.out).toContain('# backends:')
    expect(missing.code).toBe(2)
    expect(missing.err).toContain('nothing.yaml cannot be read')
    expect(unwritable.code).toBe(2)
    expect(readdirSync(folder)).toEqual([])
  })
})
