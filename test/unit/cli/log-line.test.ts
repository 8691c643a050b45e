import { describe, expect, it } from 'vitest'
import { formatLogEntry, parseLogLine, passesLevel } from '../../../src/cli/log-line.ts'

const time = new Date(2026, 0, 2, 3, 4, 5, 6)

describe('parseLogLine', () => {
  it('reads what pino writes, and nothing else', () => {
    expect(parseLogLine('{"level":30,"time":1,"msg":"hi"}')).toEqual({ level: 30, time: 1, msg: 'hi' })
    for (const line of ['', 'Error: crash', '{"level":', '{"url":"http://x"}', '{"level":"info"}', '[]'])
      expect(parseLogLine(line)).toBeUndefined()
  })
})

describe('passesLevel', () => {
  it('lets through what is as severe, and what is no entry', () => {
    expect(passesLevel({ level: 40 }, 'warn')).toBe(true)
    expect(passesLevel({ level: 30 }, 'warn')).toBe(false)
    expect(passesLevel(undefined, 'error')).toBe(true)
  })
})

describe('formatLogEntry', () => {
  it('is time, level, message and fields on one line', () => {
    const entry = {
      level: 40,
      time: time.getTime(),
      pid: 1,
      hostname: 'h',
      msg: 'slow',
      totalMs: 4200,
      model: 'a b',
      n: 1,
    }
    expect(formatLogEntry(entry)).toBe('03:04:05.006 WARN  slow totalMs=4.2s model="a b" n=1')
  })

  it('takes times as text too, and does without', () => {
    expect(formatLogEntry({ level: 30, time: time.toISOString(), msg: 'a' })).toBe('03:04:05.006 INFO  a')
    expect(formatLogEntry({ level: 35, msg: 'a' })).toBe('--:--:--.--- 35    a')
    expect(formatLogEntry({ level: 30, time: 'never', msg: 'a' })).toBe('--:--:--.--- INFO  a')
  })

  it('puts the stack of an error below it', () => {
    const entry = {
      level: 50,
      time: time.getTime(),
      msg: 'failed',
      err: { message: 'x', stack: 'Error: x\n  at y' },
    }
    expect(formatLogEntry(entry)).toBe('03:04:05.006 ERROR failed\n    Error: x\n      at y')
  })

  it('prints no control characters of what clients sent', () => {
    expect(formatLogEntry({ level: 30, msg: 'a\u001b[2J', name: 'b\u001b' })).not.toContain('\u001b')
  })
})
