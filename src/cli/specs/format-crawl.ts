import { hasFailed } from '../../crawler/outcome.ts'
import type { CrawlOutcome, OutcomeKind } from '../../crawler/outcome.ts'
import { formatTable } from '../table.ts'

const words: Readonly<Record<OutcomeKind, string>> = {
  first: 'first version',
  changed: 'changed',
  unchanged: 'unchanged',
  pending: 'to be seen again',
  suspect: 'suspect',
  failed: 'failed',
  nothing: 'serves no document',
}

/** What a crawl came to, for people. */
export const formatCrawl = (outcomes: readonly CrawlOutcome[], store: string): string => {
  if (outcomes.length === 0)
    return 'There is nothing to crawl: no specs and no backends in the config, and no daemon runs.\nName a URL or a file, or add specs.sources to mcpd.yaml.'
  const rows = outcomes.map(({ name, outcome, version, stored, source }) => [
    name,
    words[outcome] + (stored > 1 ? ` (${stored} versions)` : ''),
    version ? `@${version.number}` : '',
    version ? String(version.operations) : '',
    source,
  ])
  const problems = outcomes.flatMap(({ name, problem, skipped }) => [
    ...(problem ? [`${name}: ${problem.message}`, ...problem.suggestions.map((each) => `  ${each}`)] : []),
    ...(skipped > 0
      ? [`${name}: ${skipped} commits hold no readable OpenAPI document and were left out.`]
      : []),
  ])
  const changed = outcomes.some(({ outcome }) => outcome === 'changed')
  const failed = outcomes.filter(hasFailed).length
  return [
    formatTable(['SPEC', 'OUTCOME', 'VERSION', 'OPERATIONS', 'SOURCE'], rows),
    ...(problems.length > 0 ? ['', ...problems] : []),
    '',
    `${failed === 0 ? 'All is kept' : `${failed} of ${outcomes.length} failed; the rest is kept`} in ${store}.${changed ? ' See what changed: mcpd diff' : ''}`,
  ].join('\n')
}

/** One outcome as `--json` prints it. */
export const outcomeJson = ({ version, ...outcome }: CrawlOutcome): object => ({
  ...outcome,
  ...(version && { version: version.number, sha256: version.sha256, operations: version.operations }),
})
