import { Args, Flags } from '@oclif/core'
import { backendFlags } from '../../cli/backend-flags.ts'
import { daemonFlags, McpdCommand } from '../../cli/command.ts'

const { url: _, ...daemon } = daemonFlags

export default class BackendAdd extends McpdCommand {
  static override summary = 'add a backend to the running daemon'
  static override description = `It must answer its health check, else nothing changes. It is there until the daemon ends;
what is to stay belongs in mcpd.yaml. The daemon is the one of the state directory, or MCPD_URL.`

  static override examples = [
    {
      description: 'Add a vLLM',
      command: '<%= config.bin %> backend add gpu-1 --adapter openai --url http://127.0.0.1:8001/v1',
    },
    {
      description: 'With a key and a limit',
      command:
        '<%= config.bin %> backend add hosted --adapter openai --url https://llm.example/v1 --api-key-from env:LLM_KEY --option concurrency=8',
    },
  ]

  static override args = { name: Args.string({ description: 'a name for it', required: true }) }
  static override flags = {
    ...daemon,
    adapter: Flags.string({ description: 'its adapter; see "mcpd adapter list"', required: true }),
    ...backendFlags,
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackendAdd)
    const [{ readOptions }, { formatReload }] = await Promise.all([
      import('../../cli/backend-options.ts'),
      import('../../cli/format-reload.ts'),
    ])
    const options = readOptions(flags, process.env)
    await using client = await this.connect({ ...flags, url: undefined })
    const report = await client.addBackend({ name: args.name, adapter: flags.adapter, ...options })
    this.log(formatReload(report))
    return report
  }
}
