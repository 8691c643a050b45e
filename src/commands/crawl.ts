import { Args, Flags } from '@oclif/core'
import { secretHelpValue } from '../cli/secret-reference.ts'
import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { specFlags } from '../cli/specs/spec-flags.ts'

export default class Crawl extends McpdCommand {
  static override summary = 'fetch OpenAPI documents and keep every version of them'
  static override description = `Without arguments: every spec of the config, every backend that serves a document, and the daemon's own.
An argument is the name of a spec or a backend, a URL, a file, a pattern, or rev:path of a git repository.
An unchanged source costs one conditional request and stores nothing. What looks like a mishap (a web page, more than
half of the operations gone) is suspect and not stored. The exit code is 3 if a source failed or was suspect.`

  static override examples = [
    { description: 'Fetch everything the config names', command: '<%= config.bin %> crawl' },
    {
      description: 'One server, found at the usual places',
      command: '<%= config.bin %> crawl http://127.0.0.1:8080',
    },
    {
      description: 'The whole history of a file in a git repository',
      command: '<%= config.bin %> crawl HEAD:docs/openapi.yaml --history',
    },
    {
      description: 'The specs that failed',
      command: `<%= config.bin %> crawl --json | jq -r '.specs[] | select(.problem) | .name'`,
    },
  ]

  static override strict = false
  static override args = {
    source: Args.string({ description: 'name, URL, file, pattern or rev:path; any number of them' }),
  }

  static override flags = {
    ...daemonFlags,
    ...specFlags,
    'allow-failures': Flags.boolean({ description: 'exit with 0 even if sources failed' }),
    'allow-host': Flags.string({
      description: 'another host that redirects and references may lead to',
      helpValue: 'host[:port]',
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    command: Flags.string({
      description: 'run a program and take what it prints; a backslash keeps a space',
      helpValue: 'words',
    }),
    history: Flags.boolean({ description: 'store every version a git repository remembers' }),
    name: Flags.string({ description: 'what to call the one source given', helpValue: 'name' }),
    'password-from': Flags.string({
      description: 'where the password of --user is',
      helpValue: secretHelpValue,
    }),
    repository: Flags.string({
      description: 'git repository of rev:path: a folder, or what git can clone',
      helpValue: 'place',
    }),
    'token-from': Flags.string({
      description: 'where a token is, sent as Bearer',
      helpValue: secretHelpValue,
    }),
    'token-header': Flags.string({ description: 'header that takes the token instead', helpValue: 'name' }),
    trust: Flags.boolean({ description: 'store a document that has lost most of its operations too' }),
    user: Flags.string({ description: 'user of Basic authentication', helpValue: 'name' }),
  }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Crawl)
    const [{ runCrawl }, { formatCrawl, outcomeJson }, { hasFailed }] = await Promise.all([
      import('../cli/specs/run-crawl.ts'),
      import('../cli/specs/format-crawl.ts'),
      import('../crawler/outcome.ts'),
    ])
    const { outcomes, store } = await runCrawl(argv.map(String), flags, {
      signal: this.interrupted,
      output: this.jsonEnabled() ? undefined : process.stderr,
    })
    this.log(formatCrawl(outcomes, store))
    const failed = outcomes.filter(hasFailed).length
    if (failed > 0 && !flags['allow-failures']) process.exitCode = 3
    return { specs: outcomes.map(outcomeJson), failed, store }
  }
}
