import type { Change, Report } from './report.ts'

/** JUnit XML: one suite per pair, one test per change; breaking ones fail, risky ones are skipped with their message. */
export const formatJunit = (reports: readonly Report[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="mcpd diff" tests="${total(reports, cases)}" failures="${total(reports, failures)}">`,
    ...reports.flatMap(suite),
    '</testsuites>',
    '',
  ].join('\n')

const total = (reports: readonly Report[], count: (report: Report) => number): number =>
  reports.reduce((sum, report) => sum + count(report), 0)

const cases = ({ changes }: Report): number => Math.max(1, changes.length)
const fails = ({ severity, acknowledged }: Change): boolean => severity === 'breaking' && !acknowledged
const failures = ({ changes }: Report): number => changes.filter(fails).length
const skips = (change: Change): boolean =>
  change.severity === 'risky' || (change.severity === 'breaking' && !fails(change))

const suite = (report: Report): readonly string[] => {
  const name = `${report.base.name} → ${report.revision.name}`
  const skipped = report.changes.filter(skips).length
  return [
    `  <testsuite name="${escape(name)}" tests="${cases(report)}" failures="${failures(report)}" errors="0" skipped="${skipped}">`,
    ...(report.changes.length === 0 ? [`    <testcase name="no changes" classname="${escape(name)}"/>`] : []),
    ...report.changes.flatMap((change) => testCase(change)),
    '  </testsuite>',
  ]
}

const testCase = (change: Change): readonly string[] => {
  const { id, operation, message, fingerprint, witness } = change
  const open = `    <testcase name="${escape(`${message} [${fingerprint}]`)}" classname="${escape(`${operation ?? 'document'} ${id}`)}"`
  const place = change.revisionLocation ?? change.baseLocation
  const details = [
    ...(place ? [`${place.file}:${place.line}:${place.column}`] : []),
    ...change.operations,
    ...(witness ? [`proof: ${JSON.stringify(witness.value).slice(0, 1000)}`] : []),
  ].join('\n')
  if (fails(change))
    return [
      `${open}>`,
      `      <failure type="${id}" message="${escape(message)}">${escape(details)}</failure>`,
      '    </testcase>',
    ]
  if (skips(change)) return [`${open}>`, `      <skipped message="${escape(message)}"/>`, '    </testcase>']
  return [`${open}/>`]
}

/** XML 1.0 has no place for control characters at all. */
const escape = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- they are what is taken out
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll(/\p{Surrogate}/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
