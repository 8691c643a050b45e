import { createClient } from '../../client/client.ts'
import type { BackendConfig } from '../../core/config.ts'

/**
 * Backends of the running daemon that the config does not have, such as those it found on this machine. Without
 * their credentials, which the daemon keeps to itself. None where no daemon tells.
 */
export const runningBackends = async (
  flags: { readonly url?: string | undefined; readonly 'state-dir'?: string | undefined },
  known: readonly Pick<BackendConfig, 'name'>[],
  signal: AbortSignal,
): Promise<readonly Pick<BackendConfig, 'name' | 'adapter' | 'options'>[]> => {
  try {
    await using client = createClient({ url: flags.url, stateDir: flags['state-dir'], signal })
    const { backends } = await client.status()
    return backends.flatMap(({ name, adapter, url }) =>
      url === undefined || known.some((each) => each.name === name)
        ? []
        : [{ name, adapter, options: { url } }],
    )
  } catch {
    signal.throwIfAborted()
    // It is not ours to ask, or has just gone: its own document is asked for in any case, and says why.
    return []
  }
}
