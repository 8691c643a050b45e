import { describe, expect, it } from 'vitest'
import { formatActivity } from '../../../src/cli/format-activity.ts'

const now = new Date('2026-01-01T00:00:00Z')

describe('formatActivity', () => {
  it('says how large a model is, where it lies and until when', () => {
    const text = formatActivity(
      {
        models: [
          {
            name: 'a',
            size: 2 ** 30,
            size_vram: 2 ** 29,
            context_length: 4096,
            expires_at: '2026-01-01T00:05:00Z',
          },
          { name: 'b', size: 0, size_vram: 0, expires_at: '9999-12-31T23:59:59Z' },
          { name: 'c', expires_at: '2025-12-31T23:59:59Z' },
        ],
        backends: [{ name: 'gpu', adapter: 'ollama', inFlight: 2, queued: 1 }],
      },
      now,
    )
    expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['MODEL', 'SIZE', 'ON GPU', 'CONTEXT', 'UNTIL'],
      ['a', '1.0 GiB', '50 %', '4096', 'in 5 min'],
      ['b', '-', '-', '-', 'forever'],
      ['c', '-', '-', '-', 'stopping'],
      [''],
      ['BACKEND', 'ADAPTER', 'RUNNING', 'QUEUED'],
      ['gpu', 'ollama', '2', '1'],
    ])
  })

  it('has words for nothing', () => {
    expect(formatActivity({ models: [] }, now)).toBe('No backend says that it has a model loaded.')
  })
})
