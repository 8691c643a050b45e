import { setTimeout as sleep } from 'node:timers/promises'
import { adapterSuite } from '../conformance/adapter-suite.ts'
import { type CheckResult, runChecks } from '../conformance/check.ts'
import { newChat } from '../conformance/request.ts'
import type { Adapter, AdapterHost, Model } from '../core/adapter.ts'
import { resolveBackend } from '../core/config.ts'
import { McpdError } from '../core/errors.ts'
import { type Operation, operations } from '../core/inference.ts'
import { findCode } from './adapter-code.ts'
import { createModuleHost } from './hosts/module.ts'
import { optionsProblem } from './hosts/module-check.ts'
import { createTransport } from './transport.ts'

/** What `mcpd adapter check` asks for. */
export interface AdapterCheckPlan {
  /** A type that mcpd brings or the absolute path of a module; else a command. */
  readonly adapter?: string
  readonly command?: readonly string[]
  /** The options as they would stand in the config. */
  readonly options: Readonly<Record<string, unknown>>
  /** Models by operation, where the first that is listed will not do. */
  readonly models: Readonly<Partial<Record<Operation, string>>>
  readonly deterministic: boolean
  readonly echoes: boolean
  readonly callsTools: boolean
  readonly anyModel: boolean
  readonly stepMs: number
}

const waits = { queueMs: 1, firstTokenMs: 1, idleMs: 1 }
/** About as many as the suite's own long answer may have. */
const longTokens = 4096
const connections = { connectionsMax: 64, connectTimeoutMs: 10_000 }

/**
 * Hosts an adapter for the time of the check and runs the adapter suite on it; a fresh one for each check. Throws
 * CONFIG_INVALID for options or code that cannot even start, BACKEND_UNAVAILABLE for what does not serve in time.
 */
export async function* checkAdapter(
  plan: AdapterCheckPlan,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  const make = await maker(plan)
  const { operations: own, models } = await lookAt(await make(), plan.stepMs, signal)
  const chosen = Object.fromEntries(
    own.flatMap((operation) => {
      const name =
        plan.models[operation] ?? models.find((model) => model.operations.includes(operation))?.name
      return name === undefined ? [] : [[operation, name]]
    }),
  )
  const { deterministic, echoes, callsTools, anyModel, stepMs } = plan
  yield* runChecks(
    adapterSuite({
      make: async () => {
        const adapter = await make()
        await adapter.ready
        // As in the daemon: what an adapter can is asked once it has looked at its backend.
        await adapter.models(AbortSignal.any([signal, AbortSignal.timeout(stepMs)]))
        return { adapter, close: async () => undefined }
      },
      models: chosen,
      deterministic,
      echoes,
      callsTools,
      anyModel,
      stepMs,
      ...longOf(models.find(({ name }) => name === chosen['chat'])),
    }),
    signal,
  )
}

/** What takes long, for a model whose window is small: half of it, where the suite's own would not fit. */
const longOf = (model: Model | undefined) => {
  const { contextLength = Number.POSITIVE_INFINITY } = model ?? {}
  if (contextLength > 2 * longTokens) return {}
  const sampling = { temperature: 0, seed: 1, maxTokens: Math.floor(contextLength / 2) }
  return { long: newChat('Count to ten thousand in words.', { sampling }) }
}

/** What makes adapters of the code that is named. Throws CONFIG_INVALID. */
const maker = async ({ adapter, command, options }: AdapterCheckPlan): Promise<() => Promise<Adapter>> => {
  const entry = { name: 'check', ...(adapter !== undefined && { adapter }) }
  const config = resolveBackend(
    { ...entry, ...options, ...(command && { sidecar: { command: [...command] } }) },
    waits,
    process.cwd(),
  )
  const modules = createModuleHost()
  const { type, options: schema } = await findCode(config, modules)
  const problem = schema && optionsProblem({ type, options: schema }, config.options)
  if (problem)
    throw new McpdError('CONFIG_INVALID', problem.message, {
      suggestions: ['Give the options of the adapter: --option name=value'],
    })
  const host: AdapterHost = {
    name: config.name,
    connect: (baseUrl) => createTransport(baseUrl, connections),
    log: (level, message, fields) => {
      if (level !== 'debug')
        process.stderr.write(`${level}: ${message} ${fields ? JSON.stringify(fields) : ''}\n`)
    },
  }
  return async () => (await findCode(config, modules)).create(config.options, host)
}

const lastWords = (adapter: Adapter): Promise<{ readonly detail?: string }> =>
  adapter.health(AbortSignal.timeout(1000)).catch(() => ({}))

/** What the adapter has, once it serves. Closes it. */
const lookAt = async (adapter: Adapter, stepMs: number, signal: AbortSignal) => {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(stepMs)])
    const late = sleep(stepMs, undefined, { signal, ref: false }).then(async () => {
      const { detail = 'it did not start in time' } = await lastWords(adapter)
      throw new McpdError('BACKEND_UNAVAILABLE', `The adapter does not serve: ${detail}`)
    })
    late.catch(() => undefined)
    await Promise.race([adapter.ready, late])
    const { ok, detail } = await Promise.race([adapter.health(limit), late])
    if (!ok)
      throw new McpdError('BACKEND_UNAVAILABLE', `The adapter does not serve: ${detail ?? 'no reason given'}`)
    const models = await Promise.race([adapter.models(limit), late])
    return { operations: operations.filter((one) => adapter.operations.includes(one)), models }
  } finally {
    await adapter.close()
  }
}
