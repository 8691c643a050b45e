import type { McpdError } from '../../core/errors.ts'
import type { Transport } from '../../core/transport.ts'

/** What a sidecar is to the daemon at the moment. `failed` and `closed` are final. */
export type SidecarState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'up'; readonly transport: Transport }
  | { readonly kind: 'crashed' | 'failed' | 'closed'; readonly error: McpdError }

/** A sidecar's state, and the requests that wait while it is starting. */
export interface SidecarStatus {
  readonly state: SidecarState
  become(next: SidecarState): void
  /** Resolves when the state has changed; rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>
}

export const createSidecarStatus = (): SidecarStatus => {
  let state: SidecarState = { kind: 'starting' }
  let change = Promise.withResolvers<void>()

  return {
    get state() {
      return state
    },
    become: (next) => {
      if (state.kind === 'closed') return
      state = next
      change.resolve()
      change = Promise.withResolvers<void>()
    },
    changed: async (signal) => {
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = (): void => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      try {
        await Promise.race([change.promise, aborted])
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
  }
}
