import type { Socket } from 'node:net'
import type { MetricsRegistry } from '../core/metrics.ts'
import type { AdapterMetrics } from './adapter-metrics.ts'
import { adapterModules } from './adapter-code.ts'
import type { measureGuard } from './guards/measure.ts'
import { adminSurface } from './http/admin.ts'
import { backendAdmin } from './http/admin-backends.ts'
import { anthropicSurface, renderAnthropicError } from './http/anthropic.ts'
import { contextAdmin } from './http/context-admin.ts'
import type { ContextParts } from './http/context-route.ts'
import { contextSurface } from './http/contexts.ts'
import { conversationsSurface } from './http/conversations.ts'
import { kserveSurface } from './http/kserve.ts'
import { renderKserveError } from './http/kserve-route.ts'
import { nativeSurface, type NativeParts } from './http/native.ts'
import { observeSurface } from './http/observe.ts'
import { ollamaSurface, renderOllamaError } from './http/ollama.ts'
import { openaiForward } from './http/openai-forward.ts'
import { openaiSurface, renderOpenAiError } from './http/openai.ts'
import { responsesSurface } from './http/responses.ts'
import type { ServerOptions } from './http/server.ts'
import { specSurface } from './http/specs.ts'
import type { Reloader } from './reload.ts'
import type { Specs } from './specs.ts'

export interface SurfaceParts {
  readonly answering: Omit<NativeParts, 'modules'>
  readonly measure: ReturnType<typeof measureGuard>
  readonly metrics: MetricsRegistry
  readonly adapterMetrics: AdapterMetrics
  readonly reloader: Reloader
  readonly specs: Specs
  readonly contexts: ContextParts
  readonly stateDir: string
  readonly drainMs: number
  /** Connections of the admin socket. */
  readonly local: WeakSet<Socket>
  readonly configPath?: string
  readonly url: () => string
  readonly stop: () => void
}

/** How errors look below these paths where no route was found. */
export const errorDialects: ServerOptions['dialects'] = [
  { prefix: '/v1/messages', render: renderAnthropicError },
  { prefix: '/v1/', render: renderOpenAiError },
  { prefix: '/api/', render: renderOllamaError },
  { prefix: '/v2/', render: renderKserveError },
]

/** The APIs that the daemon serves, in the order of its document. */
export const surfacesOf = (parts: SurfaceParts): ServerOptions['surfaces'] => {
  const { answering, measure, metrics, adapterMetrics, reloader, specs } = parts
  const { registry, activity, now } = answering
  return [
    nativeSurface({ ...answering, modules: adapterModules }),
    openaiSurface(answering),
    responsesSurface({ ...answering, ...parts.contexts }),
    conversationsSurface(parts.contexts.contexts),
    anthropicSurface(answering),
    openaiForward({ registry, activity, measure, now }),
    ollamaSurface(answering),
    kserveSurface(answering),
    contextSurface(parts.contexts),
    specSurface(specs),
    observeSurface({ registry, metrics, activity, beforeScrape: () => adapterMetrics.refresh() }),
    adminSurface({
      registry,
      activity,
      reloader,
      startedAt: new Date(),
      stateDir: parts.stateDir,
      ...(parts.configPath !== undefined && { configPath: parts.configPath }),
      url: parts.url,
      stop: parts.stop,
    }),
    contextAdmin(parts.contexts),
    backendAdmin({ registry, reloader, drainMs: parts.drainMs, local: parts.local }),
  ]
}
