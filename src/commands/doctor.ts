import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { configFlags, configSources } from '../cli/config-flags.ts'

/** Each check ends by then; the slowest is loading the daemon's program to have the config looked at. */
const limitMs = 15_000

export default class Doctor extends McpdCommand {
  static override summary = 'check this machine, the config, the daemon and its backends'
  static override description = `One line per check, and what to do where something is wrong. Backends are asked through the daemon if
it runs, else directly; without a config the usual ports of this machine are looked at. It changes nothing.
The exit code is 1 if a check failed, 0 otherwise.`

  static override examples = [
    { description: 'See what is wrong', command: '<%= config.bin %> doctor' },
    {
      description: 'Only what is not well',
      command: `<%= config.bin %> doctor --json | jq '.checks[] | select(.state != "ok")'`,
    },
  ]

  static override flags = { config: configFlags.config, 'state-dir': daemonFlags['state-dir'] }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Doctor)
    const [{ formatResults, runChecks }, { doctorChecks }, { probes }] = await Promise.all([
      import('../cli/doctor/check.ts'),
      import('../cli/doctor/examine.ts'),
      import('../cli/doctor/probes.ts'),
    ])
    const examined = {
      sources: configSources(flags),
      nodeVersion: process.versions.node,
      nodeNeeded: this.config.pjson.engines?.node ?? '',
      ownVersion: this.config.version,
    }
    const checks = await runChecks(doctorChecks(examined, probes), { signal: this.interrupted, limitMs })
    const isWell = checks.every(({ state }) => state !== 'fail')
    this.log(formatResults(checks, process.stdout))
    if (!isWell) process.exitCode = 1
    return { ok: isWell, checks }
  }
}
