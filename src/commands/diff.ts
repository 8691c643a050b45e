import { Args, Flags } from '@oclif/core'
import { secretHelpValue } from '../cli/secret-reference.ts'
import { McpdCommand } from '../cli/command.ts'
import { specFlags } from '../cli/specs/spec-flags.ts'
import { failOn } from '../crawler/diff/report/exit.ts'
import { formats } from '../crawler/diff/report/format.ts'

export default class Diff extends McpdCommand {
  static override summary = 'say what changed between two OpenAPI documents, and whom it breaks'
  static override description = `Without arguments: accepted → newest of every spec that "mcpd crawl" has stored. With one, the same of that spec,
or spec@version → newest. With two, each is a file, - for standard input, a URL, rev:path of the git repository here,
or spec@version.
A breaking change of a schema comes with a value that proves it. The exit code is 1 for what --fail-on names.`

  static override examples = [
    { description: 'What changed since it was accepted', command: '<%= config.bin %> diff' },
    { description: 'Two files', command: '<%= config.bin %> diff old.yaml new.yaml' },
    {
      description: 'A branch against main, as a check of a pull request',
      command: '<%= config.bin %> diff origin/main:openapi.yaml openapi.yaml --format github',
    },
    {
      description: 'Proofs of what breaks',
      command: `<%= config.bin %> diff a.json b.json --json | jq '.changes[] | select(.severity == "breaking") | .witness.value'`,
    },
  ]

  static override args = {
    base: Args.string({ description: 'the document as it was, or a spec of the store' }),
    revision: Args.string({ description: 'the document as it is' }),
  }

  static override flags = {
    ...specFlags,
    all: Flags.boolean({ description: 'show safe changes too' }),
    'allow-host': Flags.string({
      description: 'another host that redirects and references may lead to',
      helpValue: 'host[:port]',
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    'fail-on': Flags.option({
      description: 'the least severe verdict that makes the exit code 1',
      options: failOn,
      default: 'breaking' as const,
    })(),
    format: Flags.option({ description: 'how to print it', options: formats, default: 'text' as const })(),
    'password-from': Flags.string({
      description: 'where the password of --user is',
      helpValue: secretHelpValue,
    }),
    policy: Flags.string({ description: 'file of verdicts to judge otherwise', helpValue: 'policy.yaml' }),
    profile: Flags.option({
      description: 'whose conventions to judge by',
      options: ['default', 'oasdiff'] as const,
    })(),
    'second-opinion': Flags.boolean({
      description: 'ask openapi-diff too, if it is installed, and show where it disagrees',
    }),
    'token-from': Flags.string({
      description: 'where a token is, sent as Bearer',
      helpValue: secretHelpValue,
    }),
    'token-header': Flags.string({ description: 'header that takes the token instead', helpValue: 'name' }),
    user: Flags.string({ description: 'user of Basic authentication', helpValue: 'name' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Diff)
    const [{ runDiff }, { formatReports, jsonOf }, { exitCodeOf }] = await Promise.all([
      import('../cli/diff/run-diff.ts'),
      import('../crawler/diff/report/format.ts'),
      import('../crawler/diff/report/exit.ts'),
    ])
    const words = [args.base, args.revision].filter((word) => word !== undefined)
    const { reports, firsts } = await runDiff(words, flags, this.interrupted)
    const colour = process.stdout.isTTY && !process.env['NO_COLOR']
    const text = formatReports(reports, firsts, flags.format, { colour, all: flags.all })
    this.log(text === '' ? 'The store has no specs. Fetch some: mcpd crawl' : text)
    process.exitCode = exitCodeOf(reports, flags['fail-on'])
    return jsonOf(reports, firsts)
  }
}
