/** A text of a LiteLLM config: a variable's name, or the text itself. */
export type Setting = { readonly variable: string } | { readonly literal: string }

/** LiteLLM writes references as `os.environ/NAME`. Undefined for what is no text, or an empty one. */
export const readSetting = (value: unknown): Setting | undefined => {
  if (typeof value === 'number') return { literal: String(value) }
  if (typeof value !== 'string' || value === '') return undefined
  const variable = /^os\.environ\/(\w+)$/.exec(value)?.[1]
  return variable === undefined ? { literal: value } : { variable }
}

export const variableReference = (variable: string): string => `\${env:${variable}}`

/** LiteLLM's seconds as mcpd's duration; undefined for what is no number of seconds that a timer can wait. */
export const toDuration = (value: unknown): string | undefined => {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds > daysMax * 86_400) return undefined
  if (seconds % 60 === 0) return `${seconds / 60}m`
  return seconds < 1 || !Number.isInteger(seconds)
    ? `${Math.max(1, Math.round(seconds * 1000))}ms`
    : `${seconds}s`
}

const daysMax = 24
