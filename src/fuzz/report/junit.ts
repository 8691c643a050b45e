import type { Finding } from '../finding.ts'
import type { FuzzResult } from '../result.ts'
import { escape } from './escape.ts'

/** JUnit XML: one test per finding, known ones being skipped, and one per operation on which nothing was found. */
export const formatJunit = (result: FuzzResult): string => {
  const { findings, known, coverage, spec, elapsedMs } = result
  const faulty = new Set([...findings, ...known].map(({ operation }) => operation))
  const clean = coverage.operations.filter(({ operation }) => !faulty.has(operation))
  const idle = clean.filter(({ requests }) => requests === 0)
  const tests = findings.length + known.length + clean.length
  const skipped = known.length + idle.length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="mcpd fuzz" tests="${tests}" failures="${findings.length}">`,
    `  <testsuite name="${escape(spec.title)}" tests="${tests}" failures="${findings.length}" errors="0" skipped="${skipped}" time="${(elapsedMs / 1000).toFixed(3)}" timestamp="${escape(result.startedAt)}">`,
    ...findings.flatMap(failing),
    ...known.map((finding) => skipping(finding.operation, nameOf(finding), 'known to the baseline')),
    ...clean.map(({ operation, requests, reason }) =>
      requests === 0
        ? skipping(operation, 'not attempted', reason ?? 'not attempted')
        : `    <testcase classname="${escape(operation)}" name="${requests} requests"/>`,
    ),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

const nameOf = ({ check, fingerprint }: Finding): string => `${check} [${fingerprint}]`

const failing = (finding: Finding): readonly string[] => {
  const { operation, check, message, what, curl, requestIds } = finding
  const details = [what, curl, ...(requestIds.length > 0 ? [`request ids: ${requestIds.join(', ')}`] : [])]
  return [
    `    <testcase classname="${escape(operation)}" name="${escape(nameOf(finding))}">`,
    `      <failure type="${check}" message="${escape(message)}">${escape(details.filter(Boolean).join('\n'))}</failure>`,
    '    </testcase>',
  ]
}

const skipping = (operation: string, name: string, why: string): string =>
  `    <testcase classname="${escape(operation)}" name="${escape(name)}"><skipped message="${escape(why)}"/></testcase>`
