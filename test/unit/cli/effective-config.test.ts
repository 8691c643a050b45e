import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { DescribedAdapter } from '../../../src/cli/config-schema.ts'
import { effectiveConfig } from '../../../src/cli/effective-config.ts'
import { formatConfig } from '../../../src/cli/format-config.ts'
import { type ConfigSources, readConfig } from '../../../src/core/load-config.ts'

const adapters: readonly DescribedAdapter[] = [
  {
    type: 'openai',
    description: 'An API.',
    options: {
      type: 'object',
      required: ['url'],
      properties: { url: { type: 'string' }, streamUsage: { type: 'boolean', default: true } },
    },
  },
]

const effective = (text: string, env: NodeJS.ProcessEnv = {}, flags: ConfigSources['flags'] = {}) => {
  const cwd = mkdtempSync(join(tmpdir(), 'mcpd-config-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'mcpd.yaml'), text)
  const own = { XDG_CONFIG_HOME: cwd, XDG_STATE_HOME: '/state', ...env }
  const config = effectiveConfig(readConfig({ cwd, env: own, flags }), adapters, own)
  const short = (origin: string | undefined) => origin?.replace(`${cwd}/`, '')
  return { config, cwd, originOf: (pointer: string) => short(config.origins[pointer]) }
}

describe('effectiveConfig', () => {
  it('says of each value whether it is a default, or which line, variable or flag it comes from', () => {
    const { config, originOf } = effective(
      'listen:\n  host: localhost\n  bodyMax: 1MB\nlog: {level: warn}',
      { MCPD_PORT: '1', MCPD_HOST: '::1' },
      { log: { level: 'debug' } },
    )
    expect(config.values).toMatchObject({
      listen: { host: '::1', port: 1, bodyMax: '1MB', hosts: [] },
      timeouts: { total: '30m' },
      log: { level: 'debug', file: '/state/mcpd/log.jsonl' },
      stateDir: '/state/mcpd',
    })
    expect(
      ['/listen/host', '/listen/port', '/listen/bodyMax', '/log/level', '/timeouts/total', '/stateDir'].map(
        originOf,
      ),
    ).toEqual(['MCPD_HOST', 'MCPD_PORT', 'mcpd.yaml:3', 'flag', 'default', 'default'])
  })

  it('puts what depends on another setting after it', () => {
    const { config } = effective('{}', { MCPD_STATE_DIR: '/elsewhere' })
    expect(config.values).toMatchObject({ stateDir: '/elsewhere', log: { file: '/elsewhere/log.jsonl' } })
  })

  it('gives backends the defaults of their adapter and the waits of the file', () => {
    const { config, originOf } = effective(
      'timeouts: {idle: 9s}\nbackends:\n  - {name: a, adapter: openai, url: "http://a", timeouts: {queue: 1s}}\n' +
        '  - {name: b, adapter: unknown, odd: [1]}',
    )
    const { backends } = config.values as { backends: object[] }
    expect(backends[0]).toEqual({
      name: 'a',
      adapter: 'openai',
      url: 'http://a',
      streamUsage: true,
      concurrency: 64,
      queueMax: 512,
      timeouts: { queue: '1s', firstToken: '5m', idle: '9s' },
      breaker: { failures: 5, cooldown: '10s' },
    })
    expect(backends[1]).toMatchObject({ name: 'b', odd: [1] })
    expect(originOf('/backends/0/timeouts/idle')).toBe('mcpd.yaml:1')
    expect(originOf('/backends/0/timeouts/firstToken')).toBe('default')
    expect(originOf('/backends/0/streamUsage')).toBe('default')
    expect(originOf('/backends/1/odd/0')).toBe('mcpd.yaml:4')
  })

  it('shows no secret, however it came there, and says which reference it stands for', () => {
    const secret = 'sesame'
    const { config, originOf } = effective(
      'listen: {apiKey: "${env:K}"}\nbackends:\n  - name: a\n    adapter: openai\n' +
        '    url: http://user:sesame@h/${env:K}\n    headers: {Authorization: "Bearer ${env:K}", x-id: "${env:K}", x-y: z}',
      { K: secret },
    )
    expect(JSON.stringify(config)).not.toContain(secret)
    expect(formatConfig(config)).not.toContain(secret)
    expect(config.values).toMatchObject({
      listen: { apiKey: '***' },
      backends: [{ url: 'http://***@h/***', headers: { Authorization: '***', 'x-id': '***', 'x-y': 'z' } }],
    })
    expect(originOf('/listen/apiKey')).toBe('mcpd.yaml:1 ${env:K}')
    expect(effective('{}', { MCPD_API_KEY: secret }).config).toMatchObject({
      values: { listen: { apiKey: '***' } },
      origins: { '/listen/apiKey': 'MCPD_API_KEY' },
    })
  })

  it('forgets the reference of a value that a variable has replaced', () => {
    const { originOf } = effective('listen: {host: "${env:H}"}', { H: 'h', MCPD_HOST: 'other' })
    expect(originOf('/listen/host')).toBe('MCPD_HOST')
  })
})

describe('formatConfig', () => {
  it('looks like the file, with the origins in a column', () => {
    const text = formatConfig({
      values: {
        listen: { port: 1, apiKey: '***', hosts: [] },
        backends: [{ name: 'a', headers: { 'x-y': 'yes' }, models: ['m', { name: 'with space' }] }],
        stateDir: '/s\n# x',
      },
      origins: {
        '/listen/port': 'flag',
        '/listen/apiKey': 'mcpd.yaml:2',
        '/listen/hosts': 'default',
        '/backends/0/name': 'mcpd.yaml:4',
        '/backends/0/headers/x-y': 'mcpd.yaml:5',
        '/backends/0/models/0': 'mcpd.yaml:6',
        '/backends/0/models/1/name': 'mcpd.yaml:7',
        '/stateDir': 'default',
      },
    })
    expect(text).toBe(
      [
        'listen:',
        '  port: 1                 # flag',
        '  apiKey: ***             # mcpd.yaml:2',
        '  hosts: []               # default',
        'backends:',
        '  - name: a               # mcpd.yaml:4',
        '    headers:',
        '      x-y: "yes"          # mcpd.yaml:5',
        '    models:',
        '      - m                 # mcpd.yaml:6',
        '      - name: with space  # mcpd.yaml:7',
        String.raw`stateDir: "/s\n# x"       # default`,
      ].join('\n'),
    )
  })
})
