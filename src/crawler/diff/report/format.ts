import { formatGithub } from './github.ts'
import { formatHtml } from './html.ts'
import { formatJunit } from './junit.ts'
import { formatMarkdown } from './markdown.ts'
import type { Report } from './report.ts'
import { toSarif } from './sarif.ts'
import { formatText, type TextOptions } from './text.ts'

export const formats = ['text', 'json', 'markdown', 'sarif', 'junit', 'github', 'html'] as const
export type Format = (typeof formats)[number]

/** What `--format json` prints: the report of one pair, or of several under `specs`. */
export const jsonOf = (reports: readonly Report[], firsts: readonly string[]): unknown => {
  const [only, ...others] = reports
  return only && others.length === 0 && firsts.length === 0 ? only : { specs: reports, firsts }
}

/** Reports as text of a format. `firsts` are specs of which there is one version only. */
export const formatReports = (
  reports: readonly Report[],
  firsts: readonly string[],
  format: Format,
  options: TextOptions,
): string => {
  switch (format) {
    case 'text':
      return [
        ...reports.map((report) => formatText(report, options)),
        ...firsts.map((name) => `${name}: first version, nothing to compare`),
      ].join('\n\n')
    case 'json':
      return JSON.stringify(jsonOf(reports, firsts), undefined, 2)
    case 'markdown':
      return [
        ...reports.map((report) => formatMarkdown(report, 1 / reports.length)),
        ...firsts.map((name) => `## ${name}: first version, nothing to compare\n`),
      ].join('\n')
    case 'sarif':
      return JSON.stringify(toSarif(reports), undefined, 2)
    case 'junit':
      return formatJunit(reports)
    case 'github':
      return formatGithub(reports)
    case 'html':
      return formatHtml(reports, firsts)
  }
}
