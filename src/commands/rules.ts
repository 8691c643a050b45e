import { Args } from '@oclif/core'
import { McpdCommand } from '../cli/command.ts'

export default class Rules extends McpdCommand {
  static override summary = 'list the rules of mcpd diff, or explain one'
  static override description = `Severities are the defaults; a policy file of "mcpd diff --policy" may say otherwise.`

  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> rules' },
    {
      description: 'What one means',
      command: '<%= config.bin %> rules request-body-became-required',
    },
    {
      description: 'Those that break clients',
      command: `<%= config.bin %> rules --json | jq -r '.rules[] | select(.severity == "breaking") | .id'`,
    },
  ]

  static override args = { id: Args.string({ description: 'a rule, as `mcpd diff` names it' }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(Rules)
    const { formatRules, rulesNamed } = await import('../cli/diff/format-rules.ts')
    const rules = rulesNamed(args.id)
    this.log(formatRules(rules, args.id !== undefined))
    return {
      rules: rules.map(({ id, severity, direction, area, action, explanation, policy }) => ({
        id,
        severity,
        direction,
        area,
        action,
        explanation,
        policy: policy ?? null,
      })),
    }
  }
}
