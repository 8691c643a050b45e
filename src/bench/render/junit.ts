import type { Check } from '../report/report.ts'

const escape = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
    .replaceAll(/[^\t\n -\uFFFD]/g, '')

/** Checks as a JUnit test suite: what CI systems show. `seconds` is how long it all took. */
export const renderJunit = (name: string, checks: readonly Check[], seconds: number): string => {
  const failed = checks.filter(({ ok }) => !ok).length
  const cases = checks.map(({ name: check, ok, detail }) => {
    const head = `    <testcase classname="mcpd.bench" name="${escape(check)}" time="0"`
    return ok ? `${head}/>` : `${head}>\n      <failure message="${escape(detail)}"/>\n    </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="${escape(name)}" tests="${checks.length}" failures="${failed}" time="${seconds.toFixed(3)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}
