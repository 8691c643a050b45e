import type { Report } from './report.ts'

const commands = { breaking: 'error', risky: 'warning', safe: 'notice' } as const
/** A step shows ten annotations of each kind; more only fill the log. */
const annotationsMax = 50

/** Annotations of GitHub Actions: workflow commands on standard output, safe changes left to a count. */
export const formatGithub = (reports: readonly Report[]): string =>
  reports
    .flatMap((report) => {
      const shown = report.changes.filter(
        ({ severity, acknowledged }) => severity !== 'safe' && !acknowledged,
      )
      const lines = shown.slice(0, annotationsMax).map((change) => {
        const place = change.revisionLocation ?? change.baseLocation
        const where = place
          ? ` file=${property(place.file.replace(/^[^/:]+:(?!\/\/)/, ''))},line=${place.line},col=${place.column},title=${property(change.id)}`
          : ` title=${property(change.id)}`
        const operations =
          change.operations.length > 0 ? ` (${change.operations.slice(0, 3).join(', ')})` : ''
        return `::${commands[change.severity]}${where}::${message(change.message + operations)}`
      })
      const { breaking, risky, safe } = report.counts
      return [
        ...lines,
        message(
          `${report.base.name} → ${report.revision.name}: ${report.verdict} (${breaking} breaking, ${risky} risky, ${safe} safe)`,
        ),
      ]
    })
    .join('\n')

const message = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const property = (text: string): string => message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
