import { readFileSync } from 'node:fs'
import { McpdError } from '../../core/errors.ts'
import { reference } from '../../core/load-config.ts'
import { discover } from '../../discovery/discover.ts'
import { describedAdapters } from '../described-adapters.ts'
import { discoveredDraft } from './discovered-draft.ts'
import { renderDraft } from './draft.ts'
import { convertLitellm } from './litellm/convert.ts'

export interface MakeOptions {
  /** A LiteLLM config to convert. */
  readonly from: string | undefined
  /** Whether to look for runtimes on this machine. */
  readonly discover: boolean
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface MadeConfig {
  readonly text: string
  /** The names of those that it really has, not of examples. */
  readonly backends: readonly string[]
  /** What was not taken over. */
  readonly notes: readonly string[]
  /** Variables it refers to that the environment has not. */
  readonly variables: readonly string[]
}

/** The text of a new mcpd.yaml. Throws USAGE for a file that cannot be read, CONFIG_INVALID for one that is no YAML. */
export const makeConfig = async ({
  from,
  discover: looks,
  env,
  signal,
}: MakeOptions): Promise<MadeConfig> => {
  const source = from === undefined ? undefined : readSource(from)
  const adapters = (await describedAdapters(signal)).map(({ type }) => type)
  const { draft, notes } =
    from !== undefined && source !== undefined
      ? convertLitellm(source, from, adapters)
      : { draft: discoveredDraft(looks ? await discover() : undefined, adapters), notes: [] }
  const text = renderDraft(draft)
  const inForce = text.replaceAll(/^\s*#.*$/gm, '')
  const variables = [...inForce.matchAll(reference)].flatMap(([, kind, name]) =>
    kind === 'env' && name ? [name] : [],
  )
  return {
    text,
    backends: draft.backends.filter(({ isExample }) => !isExample).map(({ entry }) => entry.name),
    notes,
    variables: [...new Set(variables)].filter((name) => !Object.hasOwn(env, name)),
  }
}

const readSource = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new McpdError('USAGE', `${path} cannot be read: ${(error as Error).message}.`, {}, error)
  }
}
