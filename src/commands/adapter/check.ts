import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { backendFlags } from '../../cli/backend-flags.ts'
import type { CheckOutcome } from '../../cli/check-adapter.ts'
import { McpdCommand } from '../../cli/command.ts'
import { McpdError } from '../../core/errors.ts'
import { operations } from '../../core/inference.ts'
import { parseDuration } from '../../core/quantity.ts'

export default class AdapterCheck extends McpdCommand {
  static override summary = 'check that an adapter does all that mcpd asks of one'
  static override description = `MODULE is the path of a module or the type of an adapter that mcpd brings; after "--" comes a program that
speaks the sidecar protocol. It is run for the time of the check, a fresh one for each line. No daemon is needed.
The exit code is 1 if a check failed.`

  static override usage = ['adapter check MODULE [FLAGS]', 'adapter check [FLAGS] -- PROGRAM [ARGUMENTS]']

  static override examples = [
    { description: 'Check a module', command: '<%= config.bin %> adapter check ./my-adapter.ts' },
    { description: 'Check a program', command: '<%= config.bin %> adapter check -- python3 adapter.py' },
    {
      description: 'Check the adapter of OpenAI servers against yours',
      command:
        '<%= config.bin %> adapter check openai --url http://127.0.0.1:8000/v1 --model chat=llama --varies',
    },
  ]

  static override strict = false

  static override flags = {
    ...backendFlags,
    model: Flags.string({
      description: 'which model to use for an operation; default: the first that is listed for it',
      helpValue: 'operation=name',
      multiple: true,
      multipleNonGreedy: true,
    }),
    varies: Flags.boolean({ description: 'the same request need not get the same answer' }),
    echoes: Flags.boolean({ description: 'chat answers with the text of the last message' }),
    'calls-tools': Flags.boolean({ description: 'the chat model calls a tool when it must' }),
    'any-model': Flags.boolean({ description: 'the backend answers to any name of a model' }),
    step: Flags.string({
      description: 'longest wait for a single answer, start or stop',
      helpValue: 'duration',
      default: '30s',
    }),
  }

  async run(): Promise<unknown> {
    const { flags, argv } = await this.parse(AdapterCheck)
    const [{ checkAdapter, formatOutcome }, { readOptions }] = await Promise.all([
      import('../../cli/check-adapter.ts'),
      import('../../cli/backend-options.ts'),
    ])
    const plan = {
      ...subjectOf(argv.map(String), this.argv.includes('--')),
      options: readOptions(flags, process.env),
      models: Object.fromEntries((flags.model ?? []).map(readModel)),
      deterministic: !flags.varies,
      echoes: flags.echoes,
      callsTools: flags['calls-tools'],
      anyModel: flags['any-model'],
      stepMs: stepOf(flags.step),
    }
    const checks: CheckOutcome[] = []
    for await (const outcome of checkAdapter(plan, this.interrupted)) {
      checks.push(outcome)
      this.log(formatOutcome(outcome))
    }
    const count = (wanted: string): number => checks.filter(({ outcome }) => outcome === wanted).length
    const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')]
    this.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
    if (failed > 0) process.exitCode = 1
    return { ok: failed === 0, passed, failed, skipped, checks }
  }
}

/** The module or the command of the arguments. Throws USAGE. */
const subjectOf = (
  words: readonly string[],
  isCommand: boolean,
): { adapter: string } | { command: readonly string[] } => {
  const [first, ...rest] = words
  if (first === undefined)
    throw new McpdError('USAGE', 'Name a module, or a program after "--".', {
      suggestions: ['mcpd adapter check ./my-adapter.ts', 'mcpd adapter check -- python3 adapter.py'],
    })
  if (isCommand) return { command: words }
  if (rest.length > 0)
    throw new McpdError('USAGE', `One module at a time; a program with arguments comes after "--".`, {
      suggestions: [`mcpd adapter check -- ${words.join(' ')}`],
    })
  return { adapter: /[/\\.]/.test(first) ? resolve(first) : first }
}

const readModel = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  const operation = text.slice(0, at)
  if (at < 1 || !(operations as readonly string[]).includes(operation))
    throw new McpdError(
      'USAGE',
      `"${text}" names no model; write OPERATION=NAME, of ${operations.join(', ')}.`,
    )
  return [operation, text.slice(at + 1)]
}

const stepOf = (text: string): number => {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new McpdError('USAGE', `--step ${text} is no duration such as 30s.`, {}, error)
  }
}
