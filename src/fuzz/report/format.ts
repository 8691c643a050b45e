import type { FuzzResult } from '../result.ts'
import { toHar } from './har.ts'
import { formatHtml } from './html.ts'
import { reportOf } from './json.ts'
import { formatJunit } from './junit.ts'
import { toSarif } from './sarif.ts'

/** The forms of a report that are written to files. */
export const fileFormats = ['json', 'junit', 'sarif', 'har', 'html'] as const
export type FileFormat = (typeof fileFormats)[number]

/** The result in one of the forms; `version` is mcpd's. */
export const formatFile = (result: FuzzResult, format: FileFormat, version: string): string => {
  switch (format) {
    case 'json':
      return JSON.stringify(reportOf(result), undefined, 2)
    case 'junit':
      return formatJunit(result)
    case 'sarif':
      return JSON.stringify(toSarif(result), undefined, 2)
    case 'har':
      return JSON.stringify(toHar(result, version), undefined, 2)
    case 'html':
      return formatHtml(result)
  }
}
