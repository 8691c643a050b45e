import { describe, expect, it } from 'vitest'
import { forceCall, instruct, toFunctions } from '../../../../../src/daemon/adapters/embedded/tools.ts'

const clock = {
  name: 'clock',
  description: 'Tells the time.',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}
const stop = { name: 'stop' }

describe('forceCall', () => {
  it('asks for the arguments alone when there is one tool to call', () => {
    const forced = forceCall([clock, stop], { name: 'clock' })
    expect(forced.schema).toHaveProperty('properties.city')
    expect(forced.read(' {"city": "Bern"}\n')).toEqual({ name: 'clock', argumentsText: '{"city": "Bern"}' })
  })

  it('asks for the tool and its arguments when there are several', () => {
    const forced = forceCall([clock, stop], 'required')
    expect(forced.schema).toHaveProperty('oneOf.0.properties.name', { const: 'clock' })
    expect(forced.instruction).toContain('Tells the time.')
    expect(forced.read('{ "name": "clock", "arguments": {"city": "Bern"} }')).toEqual({
      name: 'clock',
      argumentsText: '{"city": "Bern"}',
    })
  })

  it('reads as far as a cut answer goes', () => {
    const forced = forceCall([clock, stop], 'required')
    expect(forced.read('{"name": "clock", "arguments": {"ci')).toEqual({
      name: 'clock',
      argumentsText: '{"ci',
    })
    expect(forced.read('{"na')).toEqual({ name: '', argumentsText: '' })
  })

  it('refuses a tool that is not there', () => {
    expect(() => forceCall([clock], { name: 'weather' })).toThrow("There is no tool 'weather'.")
    expect(() => forceCall([], 'required')).toThrow('there are no tools')
  })
})

describe('toFunctions', () => {
  it('gives a tool without parameters an empty object', () => {
    expect(toFunctions([stop]).functions).toEqual({
      stop: { params: { type: 'object', properties: {}, additionalProperties: false } },
    })
  })

  it('calls tools by names that grammars know', () => {
    const { functions, toolOf } = toFunctions([{ name: 'stop it' }, { name: 'stop_it' }, { name: 'stöp' }])
    expect(Object.keys(functions)).toEqual(['stop_it_0', 'stop_it', 'st_p'])
    expect(Object.keys(functions).map(toolOf)).toEqual(['stop it', 'stop_it', 'stöp'])
  })

  it('names what is not enforced', () => {
    const parameters = { type: 'object', properties: { n: { type: 'integer', maximum: 3 } } }
    expect(toFunctions([{ name: 'dice', parameters }]).unenforced).toEqual(['maximum'])
  })
})

describe('instruct', () => {
  it('adds to the system message, or makes one', () => {
    const user = { type: 'user', text: 'Hi' } as const
    expect(instruct([{ type: 'system', text: 'Be kind.' }, user], 'Call.')).toEqual([
      { type: 'system', text: 'Be kind.\n\nCall.' },
      user,
    ])
    expect(instruct([user], 'Call.')).toEqual([{ type: 'system', text: 'Call.' }, user])
  })
})
