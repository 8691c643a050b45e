import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { packFrame, unpackFrame } from '../../../../src/daemon/contexts/frame.ts'

describe('frames', () => {
  it('give back what was put in, whatever its size and however badly that is guessed', () => {
    for (const bytes of [0, 1, 63, 64, 65, 5000, 16_384, 300_000]) {
      const raw = Buffer.concat([randomBytes(Math.ceil(bytes / 2)), Buffer.alloc(Math.floor(bytes / 2), 'a')])
      const frame = packFrame(raw)
      expect(unpackFrame(frame, bytes).equals(raw)).toBe(true)
      for (const guess of [0, 10, bytes * 4])
        expect(unpackFrame(frame, 2 ** 20, guess).equals(raw)).toBe(true)
    }
  })

  it('do not each keep a large piece of memory when they are small', () => {
    const raw = Buffer.from('hello '.repeat(100))
    const frame = packFrame(raw)
    const memory = new Set(Array.from({ length: 100 }, () => unpackFrame(frame, raw.length).buffer))
    const bytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
    // Node hands out small buffers from pools of 64 KB.
    expect(bytes).toBeLessThan(100 * raw.length + 4 * 65_536)
  })

  it('are refused where there is more in them, or nothing that is a frame', () => {
    expect(() => unpackFrame(packFrame(Buffer.alloc(1000)), 999)).toThrow(/larger than 999 bytes/)
    expect(() => unpackFrame(Buffer.from('no frame'), 100)).toThrow()
  })
})
