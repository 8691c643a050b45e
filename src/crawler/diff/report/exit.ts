import { isAtLeast } from '../severity.ts'
import type { Report } from './report.ts'

export const failOn = ['breaking', 'risky', 'none'] as const
export type FailOn = (typeof failOn)[number]

/** 1 where a report is as bad as asked to fail on, else 0; `none` never fails. */
export const exitCodeOf = (reports: readonly Report[], on: FailOn): 0 | 1 =>
  on !== 'none' && reports.some(({ verdict }) => isAtLeast(verdict, on)) ? 1 : 0
