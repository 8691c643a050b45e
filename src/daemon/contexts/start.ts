import type { Logger } from 'pino'
import type { ContextsConfig } from '../../core/context-config.ts'
import type { Guard } from '../../core/inference.ts'
import { recallGuard } from '../guards/recall.ts'
import type { ContextParts } from '../http/context-route.ts'
import type { Registry } from '../registry.ts'
import { newId } from './ids.ts'
import { createMemoryJournal } from './journal/memory.ts'
import { createLook, createPreview } from './look.ts'
import { createContextStore } from './store.ts'
import type { PathTurn } from './path.ts'

export interface Contexts {
  readonly guard: Guard
  readonly surface: ContextParts
  close(): Promise<void>
}

interface StartOptions {
  readonly registry: Registry
  readonly log: Logger
}

/** Opens the store of conversations, and makes what uses it. */
export const startContexts = (config: ContextsConfig, { registry }: StartOptions): Contexts => {
  const journal = createMemoryJournal({ now: Date.now, newId })
  const store = createContextStore({ journal, hotMaxBytes: config.hotMaxBytes })
  const counting = () => ({
    exact: false,
    tokensOf: ({ turn }: PathTurn) => Math.ceil(turn.bodyBytes / 4) + 4,
  })
  return {
    guard: recallGuard({
      contexts: store,
      newId,
      look: createLook({ registry, counting }),
      learn: () => undefined,
    }),
    surface: { contexts: store, newId, preview: createPreview(store, { counting }) },
    close: () => store.close(),
  }
}
