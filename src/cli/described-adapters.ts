import type { DescribedAdapter } from './config-schema.ts'
import { askProgram } from './daemon-process.ts'

/** The adapters of the daemon that `mcpd serve` would start. Its program is asked, since they are part of that. */
export const describedAdapters = async (signal: AbortSignal): Promise<readonly DescribedAdapter[]> =>
  // The program is our own and of this version.
  (await askProgram(['--describe-adapters'], signal)) as readonly DescribedAdapter[]
