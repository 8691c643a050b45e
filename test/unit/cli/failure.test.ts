import { Errors } from '@oclif/core'
import { describe, expect, it } from 'vitest'
import { describeFailure, renderJson } from '../../../src/cli/failure.ts'
import { errorTable, isErrorCode, McpdError } from '../../../src/core/errors.ts'

describe('describeFailure', () => {
  it('takes the exit code of the error table', () => {
    for (const code of Object.keys(errorTable).filter(isErrorCode))
      expect(describeFailure(new McpdError(code, 'x'), 'mcpd')).toMatchObject({
        code,
        exit: errorTable[code].exit,
      })
    const error = new McpdError('USAGE', 'No.', { suggestions: ['Do this.'] })
    expect(describeFailure(error, 'mcpd')).toEqual({
      code: 'USAGE',
      message: 'No.',
      exit: 2,
      suggestions: ['Do this.'],
    })
  })

  it("takes the parser's complaints as wrong usage and points to the help of the command", () => {
    const error = new Errors.CLIError('Nonexistent flag: --x\nSee more help with --help')
    expect(describeFailure(error, 'mcpd chat')).toEqual({
      code: 'USAGE',
      message: 'Nonexistent flag: --x',
      exit: 2,
      suggestions: ['mcpd chat --help'],
    })
  })

  it('keeps code and exit of an error made for a command line', () => {
    const error = new Errors.CLIError('It ended.', { code: 'ODD', exit: 3, suggestions: ['Look.'] })
    expect(describeFailure(error, 'mcpd')).toEqual({
      code: 'ODD',
      message: 'It ended.',
      exit: 3,
      suggestions: ['Look.'],
    })
  })

  it('calls everything else a bug, which ends with 4', () => {
    expect(describeFailure(new TypeError('x is not a function'), 'mcpd')).toMatchObject({
      code: 'INTERNAL',
      exit: 4,
    })
    expect(describeFailure(new Errors.CLIError('broken', { exit: 1 }), 'mcpd')).toMatchObject({
      code: 'INTERNAL',
      exit: 4,
    })
    expect(describeFailure('text', 'mcpd')).toMatchObject({ code: 'INTERNAL', exit: 4 })
  })
})

describe('renderJson', () => {
  it('leaves the exit code to the process', () => {
    expect(JSON.parse(renderJson({ code: 'USAGE', message: 'No.', exit: 2, suggestions: [] }))).toEqual({
      error: { code: 'USAGE', message: 'No.', suggestions: [] },
    })
  })
})
