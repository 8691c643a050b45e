import { Args, Flags } from '@oclif/core'
import { backendFlags } from '../../cli/backend-flags.ts'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { url: _, ...daemon } = daemonFlags

export default class BackendSwap extends McpdCommand {
  static override summary = 'swap a backend for another while requests run'
  static override description = `The new one is started and must answer its health check; then it takes over. Running requests
finish on the old one, which is then closed. Options that are not named stay as they are.`

  static override examples = [
    {
      description: 'Move a backend to another address',
      command: '<%= config.bin %> backend swap gpu-0 --url http://127.0.0.1:8002/v1',
    },
    {
      description: 'Serve another model file',
      command: '<%= config.bin %> backend swap local --option model=/models/new.gguf',
    },
  ]

  static override args = { name: Args.string({ description: 'the backend', required: true }) }
  static override flags = {
    ...daemon,
    adapter: Flags.string({ description: 'another adapter; its options are then all new' }),
    ...backendFlags,
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackendSwap)
    const [{ readOptions }, { formatReload }] = await Promise.all([
      import('../../cli/backend-options.ts'),
      import('../../cli/format-reload.ts'),
    ])
    const options = readOptions(flags, process.env)
    await using client = await this.connect({ ...flags, url: undefined })
    const report = await client.swapBackend(args.name, {
      ...options,
      ...(flags.adapter !== undefined && { adapter: flags.adapter }),
    })
    this.log(formatReload(report))
    return report
  }
}
