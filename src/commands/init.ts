import { Flags } from '@oclif/core'
import { McpdCommand } from '../cli/command.ts'

export default class Init extends McpdCommand {
  static override summary = 'write a mcpd.yaml for this machine'
  static override description = `It looks for runtimes at their usual ports on this machine, by GET requests only, and writes what it finds,
with examples for the rest. With --from it converts the config of a LiteLLM proxy; what has no counterpart
is named on standard error and in the file. A file that is there is left alone without --force.`

  static override examples = [
    { description: 'Write ./mcpd.yaml', command: '<%= config.bin %> init' },
    { description: 'Only show what would be written', command: '<%= config.bin %> init --print' },
    {
      description: 'Convert the config of a LiteLLM proxy',
      command: '<%= config.bin %> init --from litellm.yaml --output mcpd.yaml',
    },
  ]

  static override flags = {
    force: Flags.boolean({ description: 'replace a file that is there' }),
    from: Flags.string({ description: 'config of a LiteLLM proxy to convert', helpValue: 'litellm.yaml' }),
    'no-discover': Flags.boolean({ description: 'do not look for runtimes; write examples only' }),
    output: Flags.string({ description: 'the file to write', default: 'mcpd.yaml', helpValue: 'file' }),
    print: Flags.boolean({ description: 'write to standard output instead', exclusive: ['force', 'output'] }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Init)
    const [{ makeConfig }, { writeConfig }] = await Promise.all([
      import('../cli/init/make-config.ts'),
      import('../cli/init/write-config.ts'),
    ])
    const made = await makeConfig({
      from: flags.from,
      discover: !flags['no-discover'],
      env: process.env,
      signal: this.interrupted,
    })
    if (!flags.print) writeConfig(flags.output, made.text, flags.force)
    if (flags.print) this.log(made.text.trimEnd())
    else
      this.log(
        `Wrote ${flags.output}${made.backends.length === 0 ? ', with examples only' : `: ${made.backends.join(', ')}`}.`,
      )
    for (const line of this.#hints(made, flags.from)) this.logToStderr(line)
    return { ...(flags.print ? {} : { path: flags.output }), ...made }
  }

  #hints(
    {
      notes,
      variables,
      backends,
    }: { readonly [name in 'notes' | 'variables' | 'backends']: readonly string[] },
    from: string | undefined,
  ): readonly string[] {
    return [
      ...(notes.length === 0
        ? []
        : [`Not taken over from ${from}, or not as it was:`, ...notes.map((note) => `  ${note}`)]),
      ...(variables.length === 0 ? [] : [`Set these before "mcpd serve": ${variables.join(', ')}`]),
      ...(backends.length === 0 && from === undefined
        ? ['No runtime was found on this machine. Until there is one, "mcpd serve" serves a demo model.']
        : []),
    ]
  }
}
