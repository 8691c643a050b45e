/** Words that no adapter or backend may have as its name, since routes of ours stand there. */
export const reservedNames: ReadonlySet<string> = new Set([
  'models',
  'adapters',
  'contexts',
  'specs',
  // Stands in the place of the adapter where the model is a group's name.
  'group',
])

const nativePrefix = '/mcp/v1/'
const modelsPrefix = '/v1/models/'
const kservePrefix = '/v2/models/'
/** What may follow a model there. */
const kserveEnd = /(\/versions\/\d+)?(\/(ready|infer|generate|generate_stream))?$/

/**
 * Model names hold slashes and may arrive raw: `/mcp/v1/ollama/org/model:tag/chat`, `/v1/models/org/model`,
 * `/v2/models/org/model/infer`.
 * The router wants one segment, so the slashes of the name become `%2F` before routing.
 */
export const encodeModelSegment = (url: string): string => {
  const query = url.indexOf('?')
  const pathEnd = query < 0 ? url.length : query
  if (url.startsWith(modelsPrefix)) return joined(url, modelsPrefix.length, pathEnd)
  if (url.startsWith(kservePrefix))
    return joined(url, kservePrefix.length, kserveEnd.exec(url.slice(0, pathEnd))!.index)
  if (!url.startsWith(nativePrefix)) return url
  const adapterEnd = url.indexOf('/', nativePrefix.length)
  const operationStart = url.lastIndexOf('/', pathEnd - 1)
  if (adapterEnd < 0 || operationStart <= adapterEnd) return url
  const adapter = url.slice(nativePrefix.length, adapterEnd)
  const isModel = adapter === 'models' || adapter === 'group' || !reservedNames.has(adapter)
  if (!isModel) return url
  return joined(url, adapterEnd + 1, operationStart)
}

const joined = (url: string, start: number, end: number): string => {
  const model = url.slice(start, end)
  return model.includes('/') ? url.slice(0, start) + model.replaceAll('/', '%2F') + url.slice(end) : url
}
