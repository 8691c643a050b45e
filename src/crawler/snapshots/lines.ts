import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { McpdError } from '../../core/errors.ts'

/** A file of JSON lines that only ever grows. One that is not there has no lines. Throws SPEC_INVALID. */
export const readLines = async <Line>(file: string): Promise<readonly Line[]> => {
  const lines = (await textOf(file)).split('\n')
  // A line without its end was cut off by a crash; whoever wrote it never reported it as written.
  lines.pop()
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as Line]
    } catch (error) {
      // A line that was cut off and then closed by the next writer.
      if (line.startsWith('{')) return []
      throw new McpdError(
        'SPEC_INVALID',
        `${file}:${index + 1} is not JSON; the store is damaged.`,
        {},
        error,
      )
    }
  })
}

/** To be called under the lock of what the file belongs to. */
export const appendLines = async (file: string, lines: readonly object[]): Promise<void> => {
  if (lines.length === 0) return
  await mkdir(dirname(file), { recursive: true })
  const before = await textOf(file)
  const closing = before === '' || before.endsWith('\n') ? '' : '\n'
  await appendFile(file, closing + lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { flush: true })
}

const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new McpdError('SPEC_INVALID', `${file} cannot be read.`, {}, error)
  }
}
