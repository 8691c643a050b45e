import { isRecord, numberOf } from '../../../dialects/wire.ts'
import type { Server } from './server.ts'

/** What Ollama holds in memory. */
export const readMetrics = async (
  server: Server,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> => {
  const { models } = await server.askObject({ method: 'GET', path: '/api/ps', signal })
  const loaded = (Array.isArray(models) ? models : []).filter(isRecord)
  const sum = (member: string): number =>
    loaded.reduce((total, entry) => total + (numberOf(entry[member]) ?? 0), 0)
  return {
    models_loaded: loaded.length,
    memory_bytes: sum('size'),
    gpu_memory_bytes: sum('size_vram'),
  }
}
