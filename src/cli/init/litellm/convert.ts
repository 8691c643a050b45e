import { below, parseConfigFile } from '../../../core/config-file.ts'
import type { Draft, DraftSection } from '../draft.ts'
import { draftBackend, findServers } from './backends.ts'
import { countMax, type Deployment, isMapping, readDeployment } from './deployment.ts'
import { draftGroups } from './groups.ts'
import { createNotes, type Notes } from './notes.ts'
import { readSetting, toDuration } from './reference.ts'
import { createSecrets } from './secrets.ts'

export interface Conversion {
  readonly draft: Draft
  /** What was not taken over, or not as it was; a line each, without any value. */
  readonly notes: readonly string[]
}

/**
 * A LiteLLM proxy config as a draft of mcpd.yaml. What has a counterpart is taken over, everything else is named.
 * Keys that are written out become variables. Throws CONFIG_INVALID for what is no YAML.
 */
export const convertLitellm = (text: string, path: string, adapters: readonly string[]): Conversion => {
  const { value, lines } = parseConfigFile(text, path)
  const notes = createNotes(lines)
  const secrets = createSecrets(notes)
  const list = Array.isArray(value['model_list']) ? value['model_list'] : []
  if (list.length === 0) notes.add('/model_list', 'there are no models in it.')
  const deployments = list.flatMap((entry, index) => {
    const deployment = readDeployment(entry, below('/model_list', index), notes)
    return deployment ? [deployment] : []
  })
  for (const [name, members] of Object.entries(value)) noteSection(name, members, notes)
  const breaker = readBreaker(value['router_settings'], notes)
  const sections = [
    ...listenSection(value['general_settings'], secrets),
    ...timeoutsSection(value, deployments, notes),
    ...retriesSection(value, notes),
  ]
  const servers = findServers(deployments)
  const backends = servers.map((server) => draftBackend(server, { notes, secrets, breaker, adapters }))
  // A group may only name backends that are really there.
  const usable = servers.filter(({ deployments: [first] }) => adapters.includes(first.provider.adapter))
  const groups = draftGroups(usable, value['router_settings'], notes)
  const said = notes.all()
  return {
    notes: said,
    draft: {
      about: [
        `mcpd.yaml, converted from ${path} by "mcpd init".`,
        'LiteLLM listens on port 4000 unless told otherwise, mcpd on 6273: listen.port.',
      ],
      sections,
      backends,
      groups,
      notes:
        said.length === 0
          ? []
          : [`Not taken over from ${path}, or not as it was:`, ...said.map((note) => `- ${note}`)],
    },
  }
}

/** Members of each section that are read elsewhere here. */
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  router_settings: new Set([
    'timeout',
    'allowed_fails',
    'cooldown_time',
    'num_retries',
    'routing_strategy',
    'model_group_alias',
  ]),
  litellm_settings: new Set(['request_timeout', 'num_retries']),
  general_settings: new Set(['master_key']),
}

const noteSection = (name: string, members: unknown, notes: Notes): void => {
  const pointer = below('', name)
  if (name === 'model_list') return
  if (name === 'environment_variables' && isMapping(members))
    notes.add(pointer, `set these in the environment of mcpd serve: ${Object.keys(members).join(', ')}.`)
  else if (Object.hasOwn(known, name) && isMapping(members)) notes.leftOut(pointer, members, known[name]!)
  else notes.add(pointer, 'has no counterpart in mcpd.')
}

const listenSection = (general: unknown, secrets: ReturnType<typeof createSecrets>): DraftSection[] => {
  const key = isMapping(general) ? readSetting(general['master_key']) : undefined
  if (!key) return []
  return [
    {
      name: 'listen',
      comments: [
        'The master_key: clients send it as Bearer. What administers mcpd is its socket, not this key.',
      ],
      settings: { apiKey: secrets.write(key, '/general_settings/master_key', 'LITELLM_MASTER_KEY') },
    },
  ]
}

/** mcpd has one limit for whole requests, so that of the router wins, and those of models only if they agree. */
const timeoutsSection = (
  { router_settings: router, litellm_settings: settings }: Readonly<Record<string, unknown>>,
  deployments: readonly Deployment[],
  notes: Notes,
): DraftSection[] => {
  const ofRouter = durationAt(router, '/router_settings', 'timeout', notes)
  const ofCalls = durationAt(settings, '/litellm_settings', 'request_timeout', notes)
  if (ofRouter !== undefined && ofCalls !== undefined && ofRouter !== ofCalls)
    notes.add('/litellm_settings/request_timeout', "the router's timeout stands above it.")
  const general = ofRouter ?? ofCalls
  const timed = deployments.filter(({ total }) => total !== undefined)
  const agreed = new Set(deployments.map(({ total }) => total)).size === 1 ? timed[0]?.total : undefined
  const total = general ?? agreed
  for (const { pointer, total: own } of timed)
    if (own !== total)
      notes.add(
        `${pointer}/litellm_params/timeout`,
        'mcpd has one limit for whole requests, timeouts.total, not one per model.',
      )
  return total === undefined
    ? []
    : [{ name: 'timeouts', comments: ['The longest time for a whole request.'], settings: { total } }]
}

const retriesSection = (
  { router_settings: router, litellm_settings: settings }: Readonly<Record<string, unknown>>,
  notes: Notes,
): DraftSection[] => {
  const ofRouter = countAt(router, '/router_settings', 'num_retries', notes)
  const ofCalls = countAt(settings, '/litellm_settings', 'num_retries', notes)
  if (ofRouter !== undefined && ofCalls !== undefined && ofRouter !== ofCalls)
    notes.add('/litellm_settings/num_retries', "the router's stands above it.")
  const max = ofRouter ?? ofCalls
  return max === undefined
    ? []
    : [{ name: 'retries', comments: ['Further attempts after a failed one.'], settings: { max } }]
}

const countAt = (members: unknown, section: string, name: string, notes: Notes): number | undefined => {
  const value = isMapping(members) ? members[name] : undefined
  if (value === undefined || value === null) return undefined
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) < countMax) return Number(value)
  notes.add(below(section, name), 'is no number that makes sense there.')
  return undefined
}

const durationAt = (members: unknown, section: string, name: string, notes: Notes): string | undefined => {
  const value = isMapping(members) ? members[name] : undefined
  if (value === undefined || value === null) return undefined
  const duration = toDuration(value)
  if (duration === undefined)
    notes.add(below(section, name), 'is no number of seconds that can be waited for.')
  return duration
}

/** LiteLLM rests a deployment after more than `allowed_fails` failures in a minute, mcpd after some in a row. */
const readBreaker = (router: unknown, notes: Notes): Readonly<Record<string, unknown>> => {
  const cooldown = durationAt(router, '/router_settings', 'cooldown_time', notes)
  const allowed = countAt(router, '/router_settings', 'allowed_fails', notes)
  if (allowed !== undefined)
    notes.add('/router_settings/allowed_fails', 'counts failures in a row here, not in a minute.')
  return {
    ...(allowed !== undefined && { failures: allowed + 1 }),
    ...(cooldown !== undefined && { cooldown }),
  }
}
