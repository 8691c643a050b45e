import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { GateReport } from '../../bench/compare/gate.ts'
import { renderHtml } from '../../bench/html/page.ts'
import { renderCsv } from '../../bench/render/csv.ts'
import { renderJunit } from '../../bench/render/junit.ts'
import { renderGateMarkdown, renderMarkdown } from '../../bench/render/markdown.ts'
import { renderRecords } from '../../bench/render/records.ts'
import type { Report } from '../../bench/report/report.ts'
import type { Run } from '../../bench/run.ts'
import { McpdError } from '../../core/errors.ts'

type Paths<Name extends string> = Readonly<Record<Name, string | undefined>>

/** Where the outputs of a run go; undefined = not wanted. */
export type BenchFiles = Paths<'output' | 'records' | 'html' | 'csv' | 'markdown' | 'junit'>

/** Writes what was asked for. Throws USAGE for a file that cannot be written. */
export const writeOutputs = async (files: BenchFiles, report: Report, run: Run): Promise<void> => {
  await write(files.output, () => json(report))
  await write(files.records, () => Readable.from(renderRecords(run)))
  await write(files.html, () => renderHtml(report))
  await write(files.csv, () => renderCsv(report))
  await write(files.markdown, () => renderMarkdown(report))
  const name = report.targets.map(({ label }) => label).join(', ')
  await write(files.junit, () => renderJunit(name, report.checks, report.load.durationMs / 1000))
}

export const writeGate = async (
  files: Paths<'output' | 'junit' | 'markdown'>,
  gate: GateReport,
): Promise<void> => {
  await write(files.output, () => json(gate))
  await write(files.markdown, () => renderGateMarkdown(gate))
  const invalid = gate.invalid.map((detail) => ({ name: 'valid run', ok: false, detail }))
  await write(files.junit, () => renderJunit(`gate ${gate.candidate}`, [...gate.checks, ...invalid], 0))
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`

const write = async (path: string | undefined, content: () => string | Readable): Promise<void> => {
  if (path === undefined) return
  try {
    await writeFile(path, content())
  } catch (error) {
    throw new McpdError('USAGE', `${path} cannot be written.`, {}, error)
  }
}
