import { describe, expect, it } from 'vitest'
import {
  durationPattern,
  fitsTimer,
  parseDuration,
  parseSize,
  sizePattern,
  timerMaxMs,
} from '../../../src/core/quantity.ts'

describe('parseDuration', () => {
  it.each([
    ['0ms', 0],
    ['500ms', 500],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0.5ms', 1],
  ])('reads %s as %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
    expect(text).toMatch(new RegExp(durationPattern))
  })

  it.each([
    '',
    '30',
    's',
    '30 s',
    '-1s',
    '1e3s',
    '1.s',
    '1h30m',
    '3w',
    '30S',
    ' 30s',
    '30s\n',
    '9'.repeat(400) + 'd',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

describe('parseSize', () => {
  it.each([
    ['1B', 1],
    ['64KB', 65_536],
    ['64KiB', 65_536],
    ['1.5MB', 1_572_864],
    ['2GB', 2_147_483_648],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
    expect(text).toMatch(new RegExp(sizePattern))
  })

  it.each(['', '64', '64kb', '64 KB', '-1B', '1TB', '99999999999GB'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('says how to write it', () => {
    expect(() => parseSize('64')).toThrow('"64" has no known unit; write 64KB, 32MB or 1GB.')
  })
})

describe('fitsTimer', () => {
  it('is true up to what a timer can wait and no further', () => {
    expect(fitsTimer(`${timerMaxMs}ms`)).toBe(true)
    expect(fitsTimer('24d')).toBe(true)
    expect(fitsTimer(`${timerMaxMs + 1}ms`)).toBe(false)
    expect(fitsTimer('25d')).toBe(false)
    expect(fitsTimer('99999999999999d')).toBe(false)
  })
})
