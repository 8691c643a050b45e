import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { renderDraft } from '../../src/cli/init/draft.ts'
import { convertLitellm } from '../../src/cli/init/litellm/convert.ts'
import { checkConfig } from '../../src/daemon/check.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcpd-litellm-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secret = 'sk-do-not-copy'
/** What people and generators write where something else was expected. */
const anything = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    '\n',
    '# x',
    'a: b',
    '-1',
    '10m',
    'os.environ/NAME',
    'os.environ/',
    '*',
    secret,
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
)
const orAnything = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: anything })
const key = fc.constantFrom(secret, 'os.environ/KEY', `Bearer ${secret}`)

const params = fc.record(
  {
    model: orAnything(
      fc
        .tuple(
          fc.constantFrom(
            'openai',
            'hosted_vllm',
            'ollama',
            'ollama_chat',
            'groq',
            'huggingface',
            'anthropic',
          ),
          fc.constantFrom('m', 'org/m', 'm:tag', '*'),
        )
        .map((parts) => parts.join('/')),
    ),
    api_base: orAnything(
      fc.constantFrom('http://h:1/v1/', 'os.environ/BASE', `https://u:${secret}@h/?k=${secret}`, 'h:1'),
    ),
    api_key: orAnything(key),
    extra_headers: orAnything(fc.dictionary(fc.constantFrom('authorization', 'x-api-key', 'cookie'), key)),
    organization: fc.oneof(fc.string(), fc.integer()),
    max_parallel_requests: anything,
    timeout: anything,
    stream_timeout: anything,
    weight: anything,
    num_ctx: anything,
    keep_alive: anything,
    rpm: anything,
  },
  { requiredKeys: ['model'] },
)

const config = fc.record(
  {
    model_list: fc.array(
      fc.record(
        {
          model_name: orAnything(fc.constantFrom('a', 'b', 'm', 'c/d', '*')),
          litellm_params: params,
          model_info: orAnything(fc.record({ mode: orAnything(fc.constantFrom('chat', 'embedding')) })),
        },
        { requiredKeys: ['litellm_params'] },
      ),
      { maxLength: 6 },
    ),
    router_settings: orAnything(
      fc.record(
        {
          routing_strategy: anything,
          model_group_alias: orAnything(fc.dictionary(fc.string(), fc.constantFrom('a', 'b', 'x'))),
          timeout: anything,
          allowed_fails: anything,
          cooldown_time: anything,
          num_retries: anything,
        },
        { requiredKeys: [] },
      ),
    ),
    litellm_settings: anything,
    general_settings: orAnything(fc.record({ master_key: orAnything(key) })),
    environment_variables: anything,
  },
  { requiredKeys: ['model_list'] },
)

/** Has every variable; any is good as an address and as a key. */
const environment = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries(
    [...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => [name, 'http://127.0.0.1:1']),
  )

it('whatever a LiteLLM config says comes to a file that the daemon accepts and that holds no key', async () => {
  const path = join(folder, 'mcpd.yaml')
  await fc.assert(
    fc.asyncProperty(config, async (litellm) => {
      const { draft } = convertLitellm(stringify(litellm), 'litellm.yaml', ['openai', 'ollama', 'anthropic'])
      const text = renderDraft(draft)
      writeFileSync(path, text)
      const { backends } = await checkConfig({ config: path }, { env: environment(text), cwd: folder })
      expect(backends).toHaveLength(draft.backends.length)
      // What stands in a model's name or another one's is no key, and is written as it is.
      const names = JSON.stringify(
        litellm.model_list.map(({ model_name: name, litellm_params: { model } }) => [name, model]),
      )
      if (!names.includes(secret)) expect(text).not.toContain(secret)
    }),
    { numRuns: 300 },
  )
})
