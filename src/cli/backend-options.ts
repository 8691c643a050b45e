import { McpdError } from '../core/errors.ts'
import { readSecret } from './secret-reference.ts'

/** What the flags of `backend add` and `backend swap` say of a backend's options. */
export interface OptionFlags {
  readonly url: string | undefined
  readonly 'api-key-from': string | undefined
  readonly option: readonly string[] | undefined
}

/**
 * The options as they stand in an entry of mcpd.yaml. `--option name=value` takes JSON where the value is some, else
 * text. Throws USAGE.
 */
export const readOptions = (flags: OptionFlags, env: NodeJS.ProcessEnv): Record<string, unknown> => ({
  ...(flags.url !== undefined && { url: flags.url }),
  ...(flags['api-key-from'] !== undefined && {
    apiKey: readSecret(flags['api-key-from'], '--api-key-from', env),
  }),
  ...Object.fromEntries((flags.option ?? []).map(readOption)),
})

const readOption = (text: string): [string, unknown] => {
  const at = text.indexOf('=')
  if (at < 1) throw new McpdError('USAGE', `"${text}" is no option; write name=value.`)
  const value = text.slice(at + 1)
  try {
    return [text.slice(0, at), JSON.parse(value)]
  } catch {
    return [text.slice(0, at), value]
  }
}
