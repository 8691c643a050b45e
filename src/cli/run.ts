import { Config, Errors, flush, handle, type Interfaces, run, settings } from '@oclif/core'
import { isMcpdError, McpdError } from '../core/errors.ts'
import { nearest } from '../client/nearest.ts'
import { describeFailure, renderJson } from './failure.ts'

/**
 * Runs one command line and ends the process with its exit code. `options` says where the commands are.
 * The only place where an error becomes text and an exit code.
 */
export const runCli = async (argv: string[], options: Interfaces.LoadOptions): Promise<void> => {
  // oclif would look for ts-node where NODE_ENV is `test`; Node strips types itself.
  settings.enableAutoTranspile = false
  settings.debug = Boolean(process.env['MCPD_DEBUG'])
  // Node's own exit code for what nobody caught is 1, which here means findings.
  process.once('uncaughtException', (error) => void fail(error, argv, options))
  try {
    // What people type before they know of --help.
    await run(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv, options)
    await flush()
  } catch (error) {
    await fail(error, argv, options)
  }
}

const fail = async (error: unknown, argv: string[], options: Interfaces.LoadOptions): Promise<void> => {
  if (error instanceof Errors.ExitError) process.exit(error.oclif.exit ?? 0)
  const commands = (await Config.load(options)).commandIDs.map((id) => id.split(':'))
  const thrown = isUnknownCommand(error) ? unknownCommand(argv, commands) : error
  const failure = describeFailure(thrown, ['mcpd', ...commandOf(argv, commands)].join(' '))
  if (settings.debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  if (wantsJson(argv)) {
    process.exitCode = failure.exit
    await new Promise((resolve) => process.stdout.write(`${renderJson(failure)}\n`, resolve))
    process.exit()
  }
  if (isMcpdError(thrown) && thrown.code === 'CANCELLED') process.exit(failure.exit)
  const { code, message, exit, suggestions } = failure
  await handle(new Errors.CLIError(message, { code, exit, suggestions: [...suggestions] }))
}

const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}

/** What comes before the first flag. */
const words = (argv: readonly string[]): readonly string[] => {
  const flag = argv.findIndex((word) => word.startsWith('-'))
  return flag === -1 ? argv : argv.slice(0, flag)
}

const isUnknownCommand = (error: unknown): boolean =>
  error instanceof Error && /^command .* not found\.?$/i.test(error.message)

const commandOf = (argv: readonly string[], commands: readonly string[][]): readonly string[] =>
  commands.find((command) => command.every((word, at) => argv[at] === word)) ?? []

const unknownCommand = (argv: readonly string[], commands: readonly string[][]): McpdError => {
  const typed = words(argv)
  const [near] = [1, 2].flatMap((length) => {
    const alike = commands.filter((command) => command.length === length).map((command) => command.join(' '))
    return nearest(typed.slice(0, length).join(' '), alike) ?? []
  })
  return new McpdError('USAGE', `mcpd has no command "${typed.join(' ')}".`, {
    suggestions: [...(near === undefined ? [] : [`mcpd ${near}`]), 'mcpd --help lists the commands.'],
  })
}
