import { Errors } from '@oclif/core'
import { type ErrorCode, errorTable, isMcpdError } from '../core/errors.ts'

/** How a command ends when it fails. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly exit: number
  readonly suggestions: readonly string[]
}

const parserHint = /\n?See more help with --help\s*$/

/** McpdError by its row of the error table, oclif's own as wrong usage, anything else as a bug. */
export const describeFailure = (error: unknown, helpCommand: string): Failure => {
  if (isMcpdError(error)) {
    const { code, message, details } = error
    return { code, message, exit: errorTable[code].exit, suggestions: details.suggestions ?? [] }
  }
  // A CLIError without a code and with another exit code is oclif's own trouble, such as a file that does not load.
  if (
    error instanceof Errors.CLIError &&
    (error.code !== undefined || error.oclif.exit === errorTable.USAGE.exit)
  )
    return {
      code: error.code ?? ('USAGE' satisfies ErrorCode),
      message: error.message.replace(parserHint, ''),
      exit: error.oclif.exit || errorTable.USAGE.exit,
      suggestions: error.suggestions ?? (parserHint.test(error.message) ? [`${helpCommand} --help`] : []),
    }
  return {
    code: 'INTERNAL' satisfies ErrorCode,
    message: `This is a bug in mcpd: ${error instanceof Error ? error.message : String(error)}`,
    exit: errorTable.INTERNAL.exit,
    suggestions: ['MCPD_DEBUG=1 shows where it happened.'],
  }
}

/** `{"error":{code,message,suggestions}}`, as every command with --json ends when it fails. */
export const renderJson = ({ code, message, suggestions }: Failure): string =>
  JSON.stringify({ error: { code, message, suggestions } })
