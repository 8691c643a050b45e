/** What an adapter relies on, as it names it: `POST /v1/chat/completions`. */
export interface AdapterUses {
  readonly adapter: string
  readonly uses: readonly string[]
}

export interface Touched {
  readonly adapter: string
  /** Of its uses, those that a change touches. */
  readonly uses: readonly string[]
}

/**
 * Which adapters rely on operations that changed: "is it safe to upgrade this runtime?". Names of path parameters do
 * not matter, nor does a prefix that a gateway or a base path puts before the path.
 */
export const touchedUses = (
  operations: Iterable<string>,
  adapters: readonly AdapterUses[],
): readonly Touched[] => {
  const changed = [...operations].map(normalised)
  return adapters.flatMap(({ adapter, uses }) => {
    const touched = uses.filter((use) => changed.some((operation) => isSame(operation, normalised(use))))
    return touched.length > 0 ? [{ adapter, uses: touched }] : []
  })
}

interface Operation {
  readonly method: string
  readonly path: string
}

const normalised = (operation: string): Operation => {
  const [method = '', path = ''] = operation.split(' ')
  return {
    method: method.toUpperCase(),
    path: path.replaceAll(/\$?\{[^}]*\}/g, '{}').replace(/(.)\/$/, '$1'),
  }
}

/** Documents name paths below their servers: `/chat/completions` of a server at `/v1` is `/v1/chat/completions`. */
const isSame = (changed: Operation, used: Operation): boolean =>
  changed.method === used.method &&
  (changed.path === used.path ||
    (depth(changed.path) > 1 && used.path.endsWith(changed.path)) ||
    (depth(used.path) > 1 && changed.path.endsWith(used.path)))

const depth = (path: string): number => path.split('/').length - 1
