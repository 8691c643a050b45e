import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { McpdError } from '../../core/errors.ts'
import { type FileFormat, formatFile } from '../../fuzz/report/format.ts'
import { reproductionName, reproductionOf } from '../../fuzz/report/reproduction.ts'
import type { FuzzResult } from '../../fuzz/result.ts'

export const reportFlags = {
  output: Flags.string({ char: 'o', description: 'write the JSON report here', helpValue: 'file' }),
  junit: Flags.string({ description: 'write the findings as JUnit here', helpValue: 'file' }),
  sarif: Flags.string({ description: 'write the findings as SARIF here', helpValue: 'file' }),
  har: Flags.string({ description: 'write the exchanges of the findings as HAR here', helpValue: 'file' }),
  html: Flags.string({ description: 'write a page to look at here', helpValue: 'file' }),
  findings: Flags.string({
    description: 'write a file for each finding here, to be replayed',
    helpValue: 'directory',
  }),
}

type Files = Readonly<Record<keyof typeof reportFlags, string | undefined>>

const formats: readonly (readonly [Exclude<keyof Files, 'findings'>, FileFormat])[] = [
  ['output', 'json'],
  ['junit', 'junit'],
  ['sarif', 'sarif'],
  ['har', 'har'],
  ['html', 'html'],
]

/**
 * Writes what was asked for; `version` is mcpd's. Where each finding went, by fingerprint, for the text. Throws USAGE
 * for what cannot be written.
 */
export const writeReports = async (
  result: FuzzResult,
  files: Files,
  version: string,
): Promise<ReadonlyMap<string, string>> => {
  for (const [flag, format] of formats) {
    const path = files[flag]
    if (path !== undefined) await write(path, `${formatFile(result, format, version)}\n`)
  }
  const written = new Map<string, string>()
  const folder = files.findings
  if (folder === undefined) return written
  await attempt(folder, () => mkdir(folder, { recursive: true }))
  for (const finding of result.findings) {
    const path = join(folder, reproductionName(finding))
    await write(path, `${JSON.stringify(reproductionOf(result, finding), undefined, 2)}\n`)
    written.set(finding.fingerprint, path)
  }
  return written
}

const write = (path: string, text: string): Promise<unknown> => attempt(path, () => writeFile(path, text))

const attempt = async (path: string, act: () => Promise<unknown>): Promise<void> => {
  try {
    await act()
  } catch (error) {
    throw new McpdError('USAGE', `${path} cannot be written.`, {}, error)
  }
}
