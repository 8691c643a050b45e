import type { BackendStatus, Client, RunningModel } from '../client/index.ts'
import { isMcpdError } from '../core/errors.ts'

/** What goes on at a daemon. */
export interface ActivityReport {
  readonly models: readonly RunningModel[]
  /** Absent when the daemon does not let us look. */
  readonly backends?: readonly Pick<BackendStatus, 'name' | 'adapter' | 'inFlight' | 'queued'>[]
}

/** Loaded models and, of a daemon that may be administered from here, the requests at its backends. */
export const readActivity = async (client: Client): Promise<ActivityReport> => {
  const [models, backends] = await Promise.all([client.running(), readBackends(client)])
  return {
    models,
    ...(backends && {
      backends: backends.map(({ name, adapter, inFlight, queued }) => ({ name, adapter, inFlight, queued })),
    }),
  }
}

const readBackends = async (client: Client): Promise<readonly BackendStatus[] | undefined> => {
  try {
    return (await client.status()).backends
  } catch (error) {
    if (isMcpdError(error) && error.code === 'FORBIDDEN') return undefined
    throw error
  }
}
