import { parse, stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { renderDraft } from '../../../../../src/cli/init/draft.ts'
import { convertLitellm } from '../../../../../src/cli/init/litellm/convert.ts'

interface Written {
  readonly listen?: object
  readonly timeouts?: object
  readonly retries?: object
  readonly backends: readonly Record<string, unknown>[]
  readonly groups?: readonly Record<string, unknown>[]
}

const convert = (config: object, adapters = ['openai', 'ollama', 'anthropic']) => {
  const { draft, notes } = convertLitellm(stringify(config), 'litellm.yaml', adapters)
  const text = renderDraft(draft)
  return { text, notes, written: (parse(text) ?? { backends: [] }) as Written }
}

/** A config with one model. */
const one = (params: object, more: object = {}) =>
  convert({ model_list: [{ model_name: 'm', litellm_params: { model: 'openai/m', ...params } }], ...more })

const url = 'http://127.0.0.1:8000/v1'

describe('a model', () => {
  it.each([
    [{ model: 'openai/m' }, 'openai', 'openai', 'https://api.openai.com/v1', '${env:OPENAI_API_KEY}'],
    [{ model: 'gpt-4o' }, 'openai', 'openai', 'https://api.openai.com/v1', '${env:OPENAI_API_KEY}'],
    [{ model: 'openai/m', api_base: `${url}/` }, 'openai', 'openai', url, undefined],
    [{ model: 'm', custom_llm_provider: 'openai', base_url: url }, 'openai', 'openai', url, undefined],
    [
      { model: 'hosted_vllm/org/m', api_base: url, api_key: 'os.environ/K' },
      'vllm',
      'openai',
      url,
      '${env:K}',
    ],
    [{ model: 'hosted_vllm/m' }, 'vllm', 'openai', '${env:HOSTED_VLLM_API_BASE}', undefined],
    [{ model: 'hosted_vllm/m', api_base: 'os.environ/BASE' }, 'vllm', 'openai', '${env:BASE}', undefined],
    [{ model: 'lm_studio/m', api_base: url }, 'lmstudio', 'openai', url, undefined],
    [{ model: 'llamafile/m' }, 'llamafile', 'openai', 'http://127.0.0.1:8080/v1', undefined],
    [
      { model: 'huggingface/tgi', api_base: 'http://tgi:8080' },
      'tgi',
      'openai',
      'http://tgi:8080/v1',
      undefined,
    ],
    [{ model: 'ollama/m' }, 'ollama', 'ollama', 'http://127.0.0.1:11434', undefined],
    [
      { model: 'ollama_chat/m', api_base: 'http://gpu:11434' },
      'ollama',
      'ollama',
      'http://gpu:11434',
      undefined,
    ],
    [{ model: 'groq/m' }, 'groq', 'openai', 'https://api.groq.com/openai/v1', '${env:GROQ_API_KEY}'],
    [
      { model: 'anthropic/claude' },
      'anthropic',
      'anthropic',
      'https://api.anthropic.com',
      '${env:ANTHROPIC_API_KEY}',
    ],
  ])('%j is a backend', (params, name, adapter, at, apiKey) => {
    const [backend] = one(params).written.backends
    expect(backend).toMatchObject({ name, adapter, url: at, ...(apiKey !== undefined && { apiKey }) })
    expect('apiKey' in backend!).toBe(apiKey !== undefined)
  })

  it.each([
    [{ model: 'bedrock/claude' }, 'bedrock/claude is not taken over: mcpd has no adapter for bedrock.'],
    [{ model: 'mystery' }, 'mystery is not taken over: it does not say whose model it is.'],
    [{ model: 'huggingface/org/m' }, 'there is no api_base'],
    [{ model: 'openai/m', api_base: 'unix:/x' }, 'is no http address'],
    [{ model: 7 }, 'has no litellm_params.model'],
    [{ model: 'constructor/m' }, 'mcpd has no adapter for constructor.'],
  ])('%j is named as not taken over, with its line', (params, why) => {
    const { written, notes, text } = one(params)
    expect(written.backends).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/^litellm\.yaml:\d+ model_list\[0\]/)])
    expect(notes[0]).toContain(why)
    expect(text).toContain(notes[0])
  })

  it('waits as an example for the adapter this mcpd lacks', () => {
    const { written, notes, text } = convert(
      { model_list: [{ model_name: 'm', litellm_params: { model: 'ollama/m' } }] },
      ['openai'],
    )
    expect(written.backends).toEqual([])
    expect(text).toContain('#   adapter: ollama')
    expect(notes).toEqual([expect.stringContaining('this mcpd has no adapter ollama')])
  })

  it('takes its limits along', () => {
    const { written, notes } = one({
      max_parallel_requests: 8,
      stream_timeout: '30',
      timeout: 600,
      model: 'ollama/m',
      num_ctx: 4096,
      keep_alive: -1,
    })
    expect(written.backends[0]).toMatchObject({
      concurrency: 8,
      timeouts: { firstToken: '30s' },
      contextLengths: { m: 4096 },
      keepAlive: -1,
    })
    expect(written.timeouts).toEqual({ total: '10m' })
    expect(notes).toEqual([])
  })

  it('does not take along what makes no sense, and says so', () => {
    const { written, notes } = one({ max_parallel_requests: 0, stream_timeout: 'soon', weight: -1 })
    expect(written.backends[0]).not.toHaveProperty('concurrency')
    expect(notes.map((note) => note.replace(/^\S+ \S+\.litellm_params\./, ''))).toEqual([
      'max_parallel_requests: is no number of requests.',
      'stream_timeout: is no number of seconds.',
      'weight: is no weight above 0 and up to 1000.',
    ])
  })

  it('names every other member, one by one', () => {
    const { notes } = convert({
      model_list: [
        {
          model_name: 'm',
          litellm_params: { model: 'openai/m', rpm: 1, temperature: 0.5, api_version: 'x' },
          model_info: { mode: 'rerank', base_model: 'b' },
          extra: 1,
        },
      ],
    })
    expect(new Set(notes.map((note) => /^\S+ (\S+): /.exec(note)?.[1]))).toEqual(
      new Set([
        'model_list[0].extra',
        'model_list[0].litellm_params.api_version',
        'model_list[0].litellm_params.rpm',
        'model_list[0].litellm_params.temperature',
        'model_list[0].model_info.base_model',
        'model_list[0].model_info.mode',
      ]),
    )
  })
})

describe('models of one server', () => {
  const entry = (name: string, params: object, info?: object) => ({
    model_name: name,
    litellm_params: params,
    ...(info && { model_info: info }),
  })

  it('are one backend; a hosted one lists them', () => {
    const { written } = convert({
      model_list: [
        entry('gpt-4o', { model: 'openai/gpt-4o', max_parallel_requests: 2 }),
        entry('vectors', { model: 'openai/vectors', max_parallel_requests: 3 }, { mode: 'embedding' }),
        entry('local', { model: 'hosted_vllm/local', api_base: url }),
      ],
    })
    expect(written.backends).toMatchObject([
      { name: 'openai', concurrency: 5, models: ['gpt-4o', { name: 'vectors', operations: ['embed'] }] },
      { name: 'vllm' },
    ])
    expect(written.backends[1]).not.toHaveProperty('models')
    expect(written.groups).toBeUndefined()
  })

  it('list none where all are meant', () => {
    const { written, notes } = convert({ model_list: [entry('*', { model: 'openai/*' })] })
    expect(written.backends[0]).not.toHaveProperty('models')
    expect([written.groups, notes]).toEqual([undefined, []])
  })

  it('are two backends where the keys differ', () => {
    const { written } = convert({
      model_list: [
        entry('a', { model: 'openai/a', api_key: 'os.environ/K1' }),
        entry('b', { model: 'openai/b', api_key: 'os.environ/K2' }),
      ],
    })
    expect(written.backends).toMatchObject([
      { name: 'openai', apiKey: '${env:K1}' },
      { name: 'openai-2', apiKey: '${env:K2}' },
    ])
  })

  it('leave out a limit of one that the others have not, and say so', () => {
    const { written, notes } = convert({
      model_list: [
        entry('a', { model: 'openai/a', max_parallel_requests: 2, stream_timeout: 5, timeout: 1 }),
        entry('b', { model: 'openai/b', timeout: 2 }),
      ],
    })
    expect(written.backends[0]).not.toHaveProperty('concurrency')
    expect(written.backends[0]).not.toHaveProperty('timeouts')
    expect(written.timeouts).toBeUndefined()
    expect(notes).toHaveLength(4)
  })
})

describe('names', () => {
  const two = [
    { model_name: 'llama', litellm_params: { model: 'hosted_vllm/org/llama', api_base: url, weight: 3 } },
    { model_name: 'llama', litellm_params: { model: 'ollama/llama3' } },
  ]

  it('that several servers share are groups', () => {
    const { written } = convert({ model_list: two })
    expect(written.groups).toEqual([
      {
        name: 'llama',
        targets: [{ target: 'vllm/org/llama', weight: 3 }, 'ollama/llama3'],
        strategy: 'weighted',
      },
    ])
  })

  it('that are not those of the server are groups of one', () => {
    const { written } = convert({
      model_list: [{ model_name: 'best', litellm_params: { model: 'openai/gpt-4o' } }],
    })
    expect(written.groups).toEqual([{ name: 'best', targets: ['openai/gpt-4o'] }])
  })

  it.each([
    ['least-busy', 'least-busy', 0],
    ['simple-shuffle', 'weighted', 0],
    ['latency-based-routing', 'p2c', 0],
    ['cost-based-routing', 'p2c', 1],
  ])('are shared out by the strategy nearest to %s', (routing_strategy, strategy, noted) => {
    const { written, notes } = convert({ model_list: two, router_settings: { routing_strategy } })
    expect(written.groups).toMatchObject([{ strategy }])
    expect(notes).toHaveLength(noted)
  })

  it('may be aliases of others', () => {
    const { written, notes } = convert({
      model_list: two,
      router_settings: {
        model_group_alias: { 'gpt-4': 'llama', other: { model: 'llama' }, lost: 'nothing' },
      },
    })
    expect(written.groups?.map(({ name }) => name)).toEqual(['llama', 'gpt-4', 'other'])
    expect(notes).toEqual([expect.stringContaining('router_settings.model_group_alias.lost')])
  })

  it('that a group cannot have are named', () => {
    const { written, notes } = convert({
      model_list: [{ model_name: 'a/b', litellm_params: { model: 'openai/m' } }],
    })
    expect(written.groups).toBeUndefined()
    expect(notes).toEqual([expect.stringContaining('a/b is no name a group can have; ask for openai/m.')])
  })
})

describe('the other sections', () => {
  it('become settings where there is one', () => {
    const { written, notes } = one(
      {},
      {
        router_settings: { timeout: 90, allowed_fails: 3, cooldown_time: 0.5, num_retries: 4 },
        litellm_settings: { request_timeout: 600 },
        general_settings: { master_key: 'os.environ/MASTER' },
      },
    )
    expect(written).toMatchObject({
      listen: { apiKey: '${env:MASTER}' },
      timeouts: { total: '90s' },
      retries: { max: 4 },
      backends: [{ breaker: { failures: 4, cooldown: '500ms' } }],
    })
    expect(notes).toEqual([
      expect.stringContaining('allowed_fails: counts failures in a row here'),
      expect.stringContaining("request_timeout: the router's timeout stands above it."),
    ])
  })

  it('are named where there is none', () => {
    const { notes } = one(
      {},
      {
        router_settings: { redis_host: 'h', timeout: 'never' },
        litellm_settings: { drop_params: true, callbacks: ['x'] },
        general_settings: { database_url: 'postgres://u:p@h' },
        environment_variables: { REDIS_PASSWORD: 'hunter2', OTHER: '1' },
        guardrails: [],
        include: ['more.yaml'],
      },
    )
    expect(notes.map((note) => note.replace(/^litellm\.yaml:\d+ /, ''))).toEqual([
      'router_settings.redis_host: has no counterpart in mcpd.',
      'router_settings.timeout: is no number of seconds that can be waited for.',
      'litellm_settings.drop_params: has no counterpart in mcpd.',
      'litellm_settings.callbacks: has no counterpart in mcpd.',
      'general_settings.database_url: has no counterpart in mcpd.',
      'environment_variables: set these in the environment of mcpd serve: REDIS_PASSWORD, OTHER.',
      'guardrails: has no counterpart in mcpd.',
      'include: has no counterpart in mcpd.',
    ])
  })

  it('may be missing, as may models', () => {
    expect(convert({}).notes).toEqual([expect.stringContaining('model_list: there are no models in it.')])
    expect(convert({ model_list: 'none' }).written.backends).toEqual([])
  })
})

describe('secrets', () => {
  it('that are written out are never copied; a variable is proposed, the same for the same key', () => {
    const literal = 'sk-literal'
    const { text, notes, written } = convert({
      model_list: ['a', 'b', 'c'].map((name) => ({
        model_name: name,
        litellm_params: {
          model: `${name === 'c' ? 'groq' : 'openai'}/${name}`,
          api_key: literal,
          ...(name === 'c' && {
            api_base: `https://user:${literal}@h/v1?key=${literal}`,
            extra_headers: { Authorization: `Bearer ${literal}2`, 'x-team': 'a', 'bad name': 'b' },
          }),
        },
      })),
      general_settings: { master_key: 'sk-literal' },
      environment_variables: { X: literal },
    })
    expect(text).not.toContain(literal)
    expect(notes.join('\n')).not.toContain(literal)
    expect(written.listen).toEqual({ apiKey: '${env:LITELLM_MASTER_KEY}' })
    expect(written.backends).toMatchObject([
      { name: 'openai', apiKey: '${env:LITELLM_MASTER_KEY}' },
      {
        name: 'groq',
        url: 'https://h/v1',
        headers: { Authorization: '${env:GROQ_AUTHORIZATION}', 'x-team': 'a' },
      },
    ])
    expect(notes.filter((note) => note.includes('is not copied'))).toHaveLength(4)
    expect(notes).toContainEqual(expect.stringContaining('user, password or query is left out'))
    expect(notes).toContainEqual(expect.stringContaining('is no header that can be sent'))
  })

  it('of two kinds never share a variable', () => {
    const { written } = convert({
      model_list: [
        { model_name: 'a', litellm_params: { model: 'openai/a', api_key: 'os.environ/OPENAI_2_API_KEY' } },
        { model_name: 'b', litellm_params: { model: 'openai/b', api_key: 'sk-b' } },
      ],
    })
    expect(written.backends.map(({ apiKey }) => apiKey)).toEqual([
      '${env:OPENAI_2_API_KEY}',
      '${env:OPENAI_2_API_KEY_2}',
    ])
  })
})

it('says the line of what is no YAML', () => {
  expect(() => convertLitellm('a: [', 'litellm.yaml', [])).toThrow(/^litellm\.yaml:1/)
})
