import { below } from '../../../core/config-file.ts'
import { strategies } from '../../../core/config-schema.ts'
import type { DraftEntry } from '../draft.ts'
import type { Server } from './backends.ts'
import { isMapping } from './deployment.ts'
import type { Notes } from './notes.ts'

type Strategy = (typeof strategies)[number]

interface Target {
  readonly target: string
  readonly weight?: number
  /** Whether the name alone would lead there, without a group. */
  readonly isSelfEvident: boolean
  readonly pointer: string
}

/**
 * LiteLLM's names for models: a group where several servers share one, where it is none of the server's own, and for
 * the aliases of groups.
 */
export const draftGroups = (servers: readonly Server[], router: unknown, notes: Notes): DraftEntry[] => {
  const settings = isMapping(router) ? router : {}
  const targets = collectTargets(servers)
  const strategy = readStrategy(settings['routing_strategy'], notes)
  const named = [...targets].flatMap(([name, members]) => {
    const [first] = members
    if (first?.isSelfEvident && members.length === 1) return []
    if (!groupName.test(name)) {
      notes.add(
        `${first!.pointer}/model_name`,
        `${name} is no name a group can have; ask for ${first!.target}.`,
      )
      return []
    }
    return [groupOf(name, members, strategy)]
  })
  return [...named, ...draftAliases(settings['model_group_alias'], targets, strategy, notes)]
}

const groupName = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

const collectTargets = (servers: readonly Server[]): ReadonlyMap<string, readonly Target[]> => {
  const targets = new Map<string, Target[]>()
  for (const { name, deployments } of servers)
    for (const { alias, model, provider, weight, pointer } of deployments) {
      if (alias.includes('*') || model.includes('*')) continue
      const target = {
        target: `${name}/${model}`,
        pointer,
        isSelfEvident: [model, `${name}/${model}`, `${provider.adapter}/${model}`].includes(alias),
        ...(weight !== undefined && { weight }),
      }
      targets.set(alias, [...(targets.get(alias) ?? []), target])
    }
  return targets
}

const groupOf = (name: string, members: readonly Target[], strategy: Strategy): DraftEntry => ({
  comments: [],
  entry: {
    name,
    targets: members.map(({ target, weight }) => (weight === undefined ? target : { target, weight })),
    ...(members.length > 1 && { strategy }),
  },
})

/** LiteLLM shuffles unless told otherwise. */
const readStrategy = (value: unknown, notes: Notes): Strategy => {
  if (value === undefined || value === 'simple-shuffle') return 'weighted'
  if (value === 'least-busy') return 'least-busy'
  if (value !== 'latency-based-routing')
    notes.add('/router_settings/routing_strategy', 'the nearest that mcpd has is p2c: by latency and load.')
  return 'p2c'
}

/** `{ alias: group }` or `{ alias: { model: group } }`. */
const draftAliases = (
  aliases: unknown,
  targets: ReadonlyMap<string, readonly Target[]>,
  strategy: Strategy,
  notes: Notes,
): DraftEntry[] =>
  Object.entries(isMapping(aliases) ? aliases : {}).flatMap(([alias, value]) => {
    const group = isMapping(value) ? value['model'] : value
    const members = targets.get(String(group))
    if (members && groupName.test(alias) && !targets.has(alias)) return [groupOf(alias, members, strategy)]
    notes.add(
      below('/router_settings/model_group_alias', alias),
      'is no name for models that were taken over.',
    )
    return []
  })
