import { readFile } from 'node:fs/promises'
import { McpdError } from '../../core/errors.ts'
import { isList, isObject, type Json, memberOf, textAt } from '../../openapi/json.ts'

/**
 * The findings of an earlier report, by `findingKey`. An entry may say `expires: YYYY-MM-DD`, after which it is a
 * finding again. Throws USAGE for a file that is no report.
 */
export const readBaseline = async (path: string, today: Date): Promise<ReadonlySet<string>> => {
  let report: Json
  try {
    report = JSON.parse(await readFile(path, 'utf8')) as Json
  } catch (error) {
    throw new McpdError(
      'USAGE',
      `The baseline ${path} cannot be read: ${(error as Error).message}`,
      {},
      error,
    )
  }
  const findings = isList(report) ? report : memberOf(report, 'findings')
  if (!isList(findings))
    throw new McpdError('USAGE', `${path} is no report of mcpd fuzz: it has no findings.`)
  const known = [...findings, ...(isObject(report) && isList(report['known']) ? report['known'] : [])]
  return new Set(
    known.flatMap((finding) => {
      const [operation, check, fingerprint] = ['operation', 'check', 'fingerprint'].map((name) =>
        textAt(finding, name),
      )
      const expires = textAt(finding, 'expires')
      if (operation === undefined || check === undefined || fingerprint === undefined) return []
      if (expires !== undefined && new Date(expires) < today) return []
      return [`${operation} ${check} ${fingerprint}`]
    }),
  )
}
