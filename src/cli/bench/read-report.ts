import { readFile } from 'node:fs/promises'
import { type Report, reportSchemaId } from '../../bench/report/report.ts'
import { McpdError } from '../../core/errors.ts'

/** A report that an earlier run wrote. Throws USAGE for anything else. */
export const readReport = async (path: string): Promise<Report> => {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new McpdError('USAGE', `${path} cannot be read as a report.`, {}, error)
  }
  if (typeof value === 'object' && value !== null && 'schema' in value && value.schema === reportSchemaId)
    return value as Report
  throw new McpdError('USAGE', `${path} is no report of this version of mcpd bench.`, {
    suggestions: ['Write one: mcpd bench TARGET --output FILE'],
  })
}
