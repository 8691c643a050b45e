import { describe, expect, it } from 'vitest'
import { formatStatus } from '../../../src/cli/format-status.ts'
import { status } from '../client/stand-in-daemon.ts'

describe('formatStatus', () => {
  it('has a line per backend, its troubles in words', () => {
    expect(formatStatus(status).split('\n')).toEqual([
      'mcpd 1.2.3 at http://127.0.0.1:6273, process 42',
      'up 3 min 5 s, 50.0 MiB of memory',
      '10 requests, 2 failed, 1 running',
      'config none, state /var/mcpd',
      '',
      'BACKEND  ADAPTER  HEALTH                        RUNNING  QUEUED  MODELS  AT',
      'gpu      openai   ok                            1        3       2       http://gpu/v1',
      'cpu      ollama   down: refused (circuit open)  0        0       0',
    ])
  })

  it('says that it is stopping, and that there is nothing behind it', () => {
    const text = formatStatus({ ...status, draining: true, configPath: '/etc/mcpd.yaml', backends: [] })
    expect(text).toContain('process 42, stopping')
    expect(text).toContain('config /etc/mcpd.yaml,')
    expect(text).toContain('No backends.')
  })
})
