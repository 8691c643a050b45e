import { describe, expect, it } from 'vitest'
import { keptSettings, restoredSettings, settingsOf } from '../../../../src/dialects/responses/settings.ts'

const settings = settingsOf({ model: 'm' }, {})

describe('settings', () => {
  const request = {
    model: 'm',
    instructions: 'Be brief.',
    metadata: { a: 'b' },
    temperature: 0,
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
  }

  it('come back as they were kept', () => {
    const given = settingsOf(request, { context: 'c1', previousTurn: 't0' })
    expect(given).toMatchObject({
      conversation: { id: 'conv_c1' },
      previous_response_id: 'resp_t0',
      temperature: 0,
    })
    expect(restoredSettings(JSON.parse(JSON.stringify(keptSettings(given))))).toEqual(given)
    expect(keptSettings(settings)).toEqual({})
    expect(restoredSettings(undefined)).toEqual(settings)
  })

  it('leave out what is large, and keep the rest', () => {
    const given = settingsOf({ ...request, instructions: 'x'.repeat(40_000) }, {})
    const kept = keptSettings(given)
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(16 * 1024)
    expect(kept).toEqual({ metadata: { a: 'b' }, temperature: 0 })
  })
})
