import type { JsonSchema } from './config-schema.ts'
import { askProgram } from './daemon-process.ts'

/** An adapter and the settings it takes beside those of every backend. */
export interface DescribedAdapter {
  readonly type: string
  readonly description: string
  /** Of an object. */
  readonly options: JsonSchema
}

/** The adapters of the daemon that `mcpd serve` would start. Its program is asked, since they are part of that. */
export const describedAdapters = async (signal: AbortSignal): Promise<readonly DescribedAdapter[]> =>
  // The program is our own and of this version.
  (await askProgram(['--describe-adapters'], signal)) as readonly DescribedAdapter[]
