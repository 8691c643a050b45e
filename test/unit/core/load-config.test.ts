import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigSources, configError, loadConfig } from '../../../src/core/load-config.ts'

let root = ''
let made = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mcpd-config-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A directory of its own with these files, and environment variables that keep the machine's own config out. */
const place = (files: Readonly<Record<string, string>> = {}) => {
  const cwd = join(root, String((made += 1)))
  mkdirSync(cwd)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  const env = { XDG_CONFIG_HOME: join(cwd, 'home'), XDG_STATE_HOME: join(cwd, 'state') }
  return { cwd, env, file: (name: string) => join(cwd, name) }
}

const load = (text: string, env: NodeJS.ProcessEnv = {}, more: Partial<ConfigSources> = {}) => {
  const { cwd, env: own } = place({ 'mcpd.yaml': text })
  return loadConfig({ cwd, env: { ...own, ...env }, ...more })
}

/** The message of the CONFIG_INVALID that loading throws, without the directory. */
const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    return (error as Error).message.replace(/^\S+\/(mcpd\.yaml)/, '$1')
  }
  throw new Error('The config was accepted.')
}

describe('which file is read', () => {
  it('is none when there is none: defaults are enough', () => {
    const { cwd, env } = place()
    const { config, path, origins } = loadConfig({ cwd, env })
    expect(path).toBeUndefined()
    expect(origins.size).toBe(0)
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 6273, hosts: [], origins: [], bodyMaxBytes: 33_554_432 },
      backends: [],
      stateDir: join(cwd, 'state', 'mcpd'),
      log: { level: 'info', file: join(cwd, 'state', 'mcpd', 'log.jsonl') },
    })
    expect(config.listen).not.toHaveProperty('apiKey')
  })

  it('is --config before MCPD_CONFIG before ./mcpd.yaml before the one of the user', () => {
    const { cwd, env, file } = place({
      'flag.yaml': 'listen: {port: 1}',
      'env.yaml': 'listen: {port: 2}',
      'mcpd.yaml': 'listen: {port: 3}',
      'home/mcpd/mcpd.yaml': 'listen: {port: 4}',
    })
    const read = (sources: Partial<ConfigSources>) => {
      const { path, config } = loadConfig({ cwd, env, ...sources })
      return [path, config.listen.port]
    }
    const named = { ...env, MCPD_CONFIG: 'env.yaml' }
    expect(read({ path: 'flag.yaml', env: named })).toEqual([file('flag.yaml'), 1])
    expect(read({ path: file('flag.yaml') })).toEqual([file('flag.yaml'), 1])
    expect(read({ env: named })).toEqual([file('env.yaml'), 2])
    expect(read({ env: { ...env, MCPD_CONFIG: '' } })).toEqual([file('mcpd.yaml'), 3])
    expect(read({})).toEqual([file('mcpd.yaml'), 3])
    rmSync(file('mcpd.yaml'))
    expect(read({})).toEqual([file('home/mcpd/mcpd.yaml'), 4])
  })

  it('must exist and be readable when it was named', () => {
    const { cwd, env } = place({ 'folder/mcpd.yaml': '' })
    expect(refusal(() => loadConfig({ cwd, env, path: 'none.yaml' }))).toBe(
      'The config file none.yaml does not exist.',
    )
    expect(refusal(() => loadConfig({ cwd, env, path: 'folder' }))).toMatch(/cannot be read\.$/)
  })

  it('must not be huge', () => {
    expect(refusal(() => load('#'.repeat(4 * 2 ** 20 + 1)))).toMatch(/is over 4194304 bytes\.$/)
  })
})

describe('which layer wins', () => {
  const text =
    'listen: {host: a.example, port: 1}\nlog: {level: warn}\nbackends:\n  - {name: a, adapter: openai}\n'

  it('is flag before environment before file before default, member by member', () => {
    const { config, origins } = load(
      text,
      { MCPD_PORT: '2', MCPD_HOST: 'b.example', MCPD_LOG_LEVEL: '', MCPD_API_KEY: 'k', MCPD_STATE_DIR: '/s' },
      { flags: { listen: { port: 3 } } },
    )
    expect(config.listen).toMatchObject({ host: 'b.example', port: 3, apiKey: 'k', bodyMaxBytes: 33_554_432 })
    expect(config).toMatchObject({ log: { level: 'warn', file: '/s/log.jsonl' }, stateDir: '/s' })
    expect(origins.get('/listen/port')).toBe('flag')
    expect(origins.get('/listen/host')).toBe('MCPD_HOST')
    expect(origins.get('/log/level')).toMatch(/mcpd\.yaml:2$/)
    expect(origins.has('/listen/bodyMax')).toBe(false)
  })

  it('replaces lists whole and forgets where their items stood', () => {
    const { config, origins } = load(text, {}, { flags: { backends: [{ name: 'b', adapter: 'embedded' }] } })
    expect(config.backends.map(({ name }) => name)).toEqual(['b'])
    expect([...origins].filter(([pointer]) => pointer.startsWith('/backends'))).toEqual([
      ['/backends', 'flag'],
    ])
  })

  it('shows a flag of the wrong type as the flag’s fault, not the file’s', () => {
    expect(refusal(() => load(text, {}, { flags: { listen: { port: -1 } } }))).toMatch(
      /^flag: \/listen\/port /,
    )
    expect(refusal(() => load(text, { MCPD_PORT: 'eighty' }))).toBe(
      'MCPD_PORT: /listen/port must be integer.',
    )
    expect(refusal(() => load(text, { MCPD_LOG_LEVEL: 'loud' }))).toMatch(
      /^MCPD_LOG_LEVEL: \/log\/level must be /,
    )
  })
})

describe('what the file may say', () => {
  it('resolves units and hands each adapter its own options', () => {
    const { config } = load(`
timeouts: {queue: 1s, total: 1h}
backends:
  - {name: a, adapter: openai, url: 'http://127.0.0.1:1/v1', concurrency: 2, timeouts: {queue: 500ms}}
  - {name: b, adapter: embedded, queueMax: 0}
listen: {bodyMax: 1MB}
`)
    expect(config.listen.bodyMaxBytes).toBe(1_048_576)
    expect(config.totalMs).toBe(3_600_000)
    expect(config.backends).toMatchObject([
      { name: 'a', concurrencyMax: 2, queueMax: 512, options: { url: 'http://127.0.0.1:1/v1' } },
      { name: 'b', concurrencyMax: 64, queueMax: 0, options: {} },
    ])
    expect(config.backends.map(({ waits }) => waits)).toEqual([
      { queueMs: 500, firstTokenMs: 300_000, idleMs: 120_000 },
      { queueMs: 1000, firstTokenMs: 300_000, idleMs: 120_000 },
    ])
  })

  it.each([
    ['listne: {}', 'mcpd.yaml:1: /listne is not a known setting.'],
    ['listen:\n  prot: 1', 'mcpd.yaml:2: /listen/prot is not a known setting.'],
    ['listen:\n  port: "6273"', 'mcpd.yaml:2: /listen/port must be integer.'],
    ['listen:\n  port: 65536', 'mcpd.yaml:2: /listen/port must be <= 65535.'],
    ['\n\nlog:\n  level: loud', 'mcpd.yaml:4: /log/level must be one of trace, debug, info, warn, error.'],
    [
      'timeouts:\n  queue: 5 s',
      'mcpd.yaml:2: /timeouts/queue must be a duration such as 500ms, 30s, 5m or 1h.',
    ],
    [
      'timeouts:\n  queue: 25d',
      'mcpd.yaml:2: /timeouts/queue must be at most 24d, the longest a timer can wait.',
    ],
    ['listen:\n  bodyMax: 32', 'mcpd.yaml:2: /listen/bodyMax must be string.'],
    ['listen:\n  bodyMax: 32mb', 'mcpd.yaml:2: /listen/bodyMax must be a size such as 64KB, 32MB or 1GB.'],
    ['backends:\n  - name: a', 'mcpd.yaml:2: the backend a needs an adapter, or a sidecar with a command.'],
    [
      'backends:\n  - {name: a, adapter: b, concurrency: .nan}',
      'mcpd.yaml:2: /backends/0/concurrency must be integer.',
    ],
    ['__proto__:\n  stateDir: /x', 'mcpd.yaml:1: /__proto__ is not a known setting.'],
    ['listen:\n', 'mcpd.yaml:1: /listen must be object.'],
  ])('is not %j', (text, message) => {
    expect(refusal(() => load(text))).toBe(message)
  })
})

describe('secrets', () => {
  it('come from the environment and from files, relative to the config', () => {
    const { cwd, env } = place({
      'conf/mcpd.yaml':
        'listen: {apiKey: "${file:key}"}\nbackends: [{name: a, adapter: openai, apiKey: "${env:K}"}]',
      'conf/key': 'from-file\n',
    })
    const { config } = loadConfig({ cwd, env: { ...env, K: 'from-env' }, path: 'conf/mcpd.yaml' })
    expect(config.listen.apiKey).toBe('from-file')
    expect(config.backends[0]?.options['apiKey']).toBe('from-env')
  })

  it('may stand in any text, also in part of it', () => {
    const { config } = load('backends: [{name: a, adapter: openai, url: "http://${env:H}:${env:P}/v1"}]', {
      H: 'gpu',
      P: '8000',
    })
    expect(config.backends[0]?.options['url']).toBe('http://gpu:8000/v1')
  })

  it.each([
    'listen:\n  apiKey: sk-secret',
    'backends:\n  - {name: a, adapter: b, apiKey: "sk-secret${env:K}"}',
    'backends:\n  - {name: a, adapter: b, headers: {Authorization: Bearer sk-secret}}',
    'backends:\n  - {name: a, adapter: b, headers: {x-api-key: sk-secret}}',
  ])('are refused when written out, without being repeated: %j', (text) => {
    const message = refusal(() => load(text, { K: 'v' }))
    expect(message).toMatch(
      /^mcpd\.yaml:2: \/\S*(apiKey|Authorization|x-api-key) is a secret; write \$\{env:NAME\} or \$\{file:\/path\}\.$/,
    )
    expect(message).not.toContain('sk-secret')
  })

  it.each([
    'postgres://mcpd:hunter2@db/contexts',
    'postgresql://mcpd:x${env:K}hunter2@db/contexts',
    'postgres://db/contexts?user=mcpd&password=hunter2',
  ])('are refused in the URL of a store: %s', (url) => {
    const message = refusal(() => load(`contexts:\n  journal: "${url}"`, { K: 'v' }))
    expect(message).toMatch(/^mcpd\.yaml:2: \/contexts\/journal has a password in it/)
    expect(message).not.toContain('hunter2')
  })

  it('are refused in the URLs of hot copies', () => {
    for (const url of [
      'redis://:hunter2@a',
      'rediss+cluster://a,me:hunter2@b',
      'redis://a,redis://:hunter2@b',
    ]) {
      const message = refusal(() => load(`contexts:\n  hot:\n    url: "${url}"`))
      expect(message).toMatch(/\/contexts\/hot\/url has a password in it/)
      expect(message).not.toContain('hunter2')
    }
  })

  it('archives contexts of a database before they are deleted, or says why not', () => {
    const yaml = (archive: string, more: string) =>
      `contexts: { journal: "postgres://db/x", archive: ${archive}${more} }`
    expect(load(yaml('{ after: 7d, directory: cold }', '')).config.contexts.archive).toEqual({
      afterMs: 7 * 86_400_000,
      directory: expect.stringMatching(/^\/.*\/cold$/) as string,
    })
    expect(load(yaml('{}', ', retention: never')).config.contexts.archive).toMatchObject({
      afterMs: 90 * 86_400_000,
    })
    expect(refusal(() => load(yaml('{}', '')))).toMatch(/retention deletes contexts after 30d, before/)
    expect(refusal(() => load('contexts: { archive: { after: 1d } }'))).toMatch(/needs .* PostgreSQL/)
  })

  it('reads keys of contexts by reference, and shows none', () => {
    const key = Buffer.alloc(32, 7)
    const yaml = (value: string) => `contexts:\n  encryption:\n    keys:\n      - { id: k1, key: "${value}" }`
    for (const text of [key.toString('hex'), key.toString('base64'), key.toString('base64url')])
      expect(load(yaml('${env:K}'), { K: text }).config.contexts.encryption).toEqual({
        keys: [{ id: 'k1', key: new Uint8Array(key) }],
      })
    const written = refusal(() => load(yaml(key.toString('hex'))))
    expect(written).toMatch(/^mcpd\.yaml:4: \/contexts\/encryption\/keys\/0\/key is a secret/)
    expect(written).not.toContain(key.toString('hex'))
    expect(refusal(() => load(yaml('${env:K}'), { K: 'hunter2' }))).toMatch(/key k1 .* is not 32 bytes/)
    expect(refusal(() => load(yaml('${env:K}'), { K: 'hunter2' }))).not.toContain('hunter2')
  })

  it('may be part of the URL of a store', () => {
    const { config } = load('contexts: { journal: "postgres://mcpd:${env:P}@db/contexts" }', { P: 'hunter2' })
    expect(config.contexts.journal).toEqual({ kind: 'postgres', url: 'postgres://mcpd:hunter2@db/contexts' })
    expect(
      refusal(() => load('contexts: { journal: "${env:U}" }', { U: 'mysql://a:hunter2@db' })),
    ).not.toContain('hunter2')
  })

  it.each([
    ['${env:NOPE}', 'the environment has no NOPE.'],
    ['${env:constructor}', 'the environment has no constructor.'],
    ['${file:nope}', 'nope cannot be read.'],
    ['${file:/}', '/ cannot be read.'],
  ])('that are missing are named with the line: %s', (reference, reason) => {
    expect(refusal(() => load(`listen:\n  apiKey: ${reference}`))).toBe(
      `mcpd.yaml:2: /listen/apiKey: ${reason}`,
    )
  })

  it('are not looked for in what a secret holds', () => {
    expect(load('listen: {apiKey: "${env:K}"}', { K: '${env:HOME}' }).config.listen.apiKey).toBe(
      '${env:HOME}',
    )
  })
})

describe('configError', () => {
  it('names the line of a pointer or of what it stands in', () => {
    const loaded = load('backends:\n  - name: a\n    adapter: b\n')
    const messageAt = (pointer: string) =>
      refusal(() => {
        throw configError(loaded, pointer, 'no.')
      })
    expect(messageAt('/backends/0/adapter')).toBe('mcpd.yaml:3: no.')
    expect(messageAt('/backends/0/url')).toBe('mcpd.yaml:2: no.')
    expect(messageAt('/elsewhere')).toBe('no.')
  })
})
