import { daemonFlags, McpdCommand } from '../cli/command.ts'

export default class Reload extends McpdCommand {
  static override summary = 'have the daemon read its config again'
  static override description = `New backends are started before they take over and old ones finish what they are working on.
A config that is wrong changes nothing: what is wrong is said with its line, and the exit code is 2.
The daemon does the same by itself when its file changes, and at SIGHUP.`

  static override examples = [
    { description: 'Put the changed config in force', command: '<%= config.bin %> reload' },
    {
      description: 'The settings that wait for a restart',
      command: "<%= config.bin %> reload --json | jq -r '.restartNeeded[]'",
    },
  ]

  static override flags = { ...daemonFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Reload)
    await using client = await this.connect(flags)
    const report = await client.reload()
    const { formatReload } = await import('../cli/format-reload.ts')
    this.log(formatReload(report))
    return report
  }
}
