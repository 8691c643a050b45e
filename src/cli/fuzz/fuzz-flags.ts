import { Flags } from '@oclif/core'
import { phases } from '../../fuzz/call.ts'

const credentials = 'bearer:TOKEN|basic:USER:PASS|header:NAME=VALUE'

/** Flags of a run; most are also members of `fuzz` in mcpd.yaml. */
export const fuzzFlags = {
  url: Flags.string({
    description: "base URL of the target; replaces the document's whole server URL",
    helpValue: 'http://host:port/base',
    helpGroup: 'TARGET',
  }),
  auth: Flags.string({
    description: 'credentials; TOKEN, PASS and VALUE may be env:NAME or file:PATH',
    helpValue: credentials,
    helpGroup: 'TARGET',
  }),
  auth2: Flags.string({
    description: 'credentials of a second identity, which must not reach what the first one made',
    helpValue: credentials,
    helpGroup: 'TARGET',
  }),
  header: Flags.string({
    description: 'header of every request',
    helpValue: 'NAME: VALUE',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'TARGET',
  }),
  'allow-host': Flags.string({
    description: 'a host that is not this machine and may be tested',
    helpValue: 'host[:port]',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'TARGET',
  }),
  'allow-destructive': Flags.boolean({
    description: 'also what deletes, fetches or loads models, changes the configuration or stops a server',
    helpGroup: 'TARGET',
  }),
  time: Flags.string({
    description: 'longest time for all (default 60s)',
    helpValue: '60s',
    helpGroup: 'RUN',
  }),
  'max-examples': Flags.integer({
    description: 'random cases per operation (default 100, or until the time is over where --time is given)',
    min: 0,
    helpGroup: 'RUN',
  }),
  seed: Flags.integer({
    description: 'of everything that is drawn (default: a new one, which is printed)',
    helpGroup: 'RUN',
  }),
  phases: Flags.string({
    description: `some of ${phases.join(', ')} (default all)`,
    helpValue: 'a,b',
    helpGroup: 'RUN',
  }),
  include: Flags.string({
    description: 'operations to test: "GET /pets*", an operationId or a tag',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'RUN',
  }),
  exclude: Flags.string({
    description: 'operations to leave out, written likewise',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'RUN',
  }),
  rate: Flags.string({ description: 'most requests per second, or per minute as 100/m', helpGroup: 'RUN' }),
  workers: Flags.integer({
    description: 'requests at the same time (default 8)',
    min: 1,
    max: 64,
    helpGroup: 'RUN',
  }),
  timeout: Flags.string({
    description: 'longest time for one answer (default 5s; 60s of model endpoints)',
    helpGroup: 'RUN',
  }),
  'max-tokens': Flags.integer({
    description: 'most tokens that one call to a model asks for (default 16)',
    min: 1,
    helpGroup: 'RUN',
  }),
  hooks: Flags.string({
    description: 'module with beforeRequest, afterResponse and reset',
    helpValue: 'hooks.js',
    helpGroup: 'RUN',
  }),
  checks: Flags.string({
    description: 'checks to make, or with a minus not to make (default all)',
    helpValue: 'a,b|-c',
    helpGroup: 'VERDICT',
  }),
  'max-response-time': Flags.string({
    description: 'slower answers are findings (default none)',
    helpValue: '500ms',
    helpGroup: 'VERDICT',
  }),
  'fail-on': Flags.string({
    description: 'least severe finding that makes the exit code 1 (default low; none never does)',
    options: ['critical', 'high', 'medium', 'low', 'none'],
    helpGroup: 'VERDICT',
  }),
  baseline: Flags.string({
    description: 'JSON report of an earlier run, whose findings are known',
    helpValue: 'known.json',
    helpGroup: 'VERDICT',
  }),
}
