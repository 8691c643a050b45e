import { Args, Flags } from '@oclif/core'
import { McpdCommand } from '../../cli/command.ts'
import { specFlags } from '../../cli/specs/spec-flags.ts'
import { McpdError } from '../../core/errors.ts'

export default class DiffAck extends McpdCommand {
  static override summary = 'acknowledge a change: it is still shown, and no longer fails'
  static override description = `The fingerprint stands beside each change. It is made of the rule and the place, so it stays the same when messages are
reworded or the file is moved about. Acknowledgements are kept in the store, to be committed with it.`

  static override examples = [
    {
      description: 'Until the end of the year',
      command: `<%= config.bin %> diff ack 4aa3dc5b1eaf --reason "all clients are updated" --until 2026-12-31`,
    },
    {
      description: 'All that is breaking now',
      command: `<%= config.bin %> diff --json | jq -r '.changes[].fingerprint' | xargs -n 1 <%= config.bin %> diff ack --reason "version 2"`,
    },
  ]

  static override args = {
    fingerprint: Args.string({ description: 'twelve hex digits', required: true }),
  }

  static override flags = {
    ...specFlags,
    reason: Flags.string({ description: 'why it is all right', required: true, helpValue: 'text' }),
    until: Flags.string({ description: 'day from which it fails again', helpValue: 'YYYY-MM-DD' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DiffAck)
    if (!/^[0-9a-f]{12}$/.test(args.fingerprint))
      throw new McpdError('USAGE', `"${args.fingerprint}" is no fingerprint: twelve hex digits.`)
    if (flags.until !== undefined && Number.isNaN(Date.parse(flags.until)))
      throw new McpdError('USAGE', `"${flags.until}" is no day: write it as 2026-12-31.`)
    const [{ specPlace }, { acknowledge }] = await Promise.all([
      import('../../cli/specs/spec-place.ts'),
      import('../../cli/diff/policy-file.ts'),
    ])
    const acknowledgement = {
      fingerprint: args.fingerprint,
      reason: flags.reason,
      ...(flags.until !== undefined && { until: flags.until }),
    }
    const { store } = specPlace(flags)
    await acknowledge(store.path, acknowledgement)
    this.log(
      `${args.fingerprint} is acknowledged${flags.until === undefined ? '' : ` until ${flags.until}`}.`,
    )
    return acknowledgement
  }
}
