import { open } from 'node:fs/promises'
import type { GgufFileInfo } from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'
import type { Nlc } from './nlc.ts'

const refuse = (path: string, what: string, cause?: unknown): McpdError =>
  new McpdError(
    'CONFIG_INVALID',
    `${path} ${what}`,
    { suggestions: ['Name a GGUF file, the model format of llama.cpp: `mcpd serve --model path.gguf`.'] },
    cause,
  )

const readMagic = async (path: string): Promise<string> => {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw refuse(path, 'does not exist.', error)
    if (code === 'EISDIR') throw refuse(path, 'is a directory, not a GGUF file.', error)
    throw refuse(path, `cannot be read: ${String(code ?? error)}.`, error)
  }
}

/**
 * Looks at a model file before llama.cpp does, which ends the whole process over some of what is missing.
 * Throws CONFIG_INVALID with the one reason; returns the file's header.
 */
export const checkGguf = async (nlc: Nlc, path: string): Promise<GgufFileInfo> => {
  if ((await readMagic(path)) !== 'GGUF')
    throw refuse(path, 'is not a GGUF file: it does not begin with "GGUF".')
  let info: GgufFileInfo
  try {
    info = await nlc.readGgufFileInfo(path, { sourceType: 'filesystem', logWarnings: false })
  } catch (error) {
    throw refuse(path, 'begins like a GGUF file, but its header is damaged or cut off.', error)
  }
  const architecture: unknown = info.metadata.general?.architecture
  if (typeof architecture !== 'string') throw refuse(path, 'does not name its architecture.')
  const { attention, feed_forward_length, embedding_length } = info.architectureMetadata ?? {}
  const heads: unknown = attention?.head_count
  // Some architectures give a list, one number per layer: those are left to llama.cpp.
  if (typeof heads !== 'number') return info
  if (heads < 1) throw refuse(path, `has ${heads} attention heads.`)
  if (feed_forward_length === undefined && architecture === 'llama')
    throw refuse(path, `lacks ${architecture}.feed_forward_length.`)
  if (
    typeof embedding_length === 'number' &&
    attention?.key_length === undefined &&
    embedding_length % heads !== 0
  )
    throw refuse(path, `has embeddings of ${embedding_length} values, which ${heads} heads cannot share.`)
  return info
}
