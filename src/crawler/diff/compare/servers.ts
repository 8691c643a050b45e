import { isObject, type Json, listAt, objectAt, textAt } from '../../../openapi/json.ts'
import type { Spec } from '../../../openapi/spec.ts'
import type { Comparison } from './collector.ts'

interface Server {
  readonly url: string
  /** Scheme, host and port, or empty for a relative one. */
  readonly origin: string
  /** Without a slash at the end. */
  readonly path: string
  readonly pointer: string
}

const serversOf = (spec: Spec): readonly Server[] =>
  listAt(spec.document, 'servers').flatMap((server, at) => {
    const url = textAt(server, 'url')
    if (url === undefined) return []
    const filled = fill(url, objectAt(server, 'variables'))
    const [, origin = '', path = ''] = /^((?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*)?(.*)$/i.exec(filled) ?? []
    return [
      {
        url: filled,
        origin: origin.toLowerCase(),
        path: path.replace(/\/+$/, ''),
        pointer: `/servers/${at}`,
      },
    ]
  })

/** Variables as their defaults say. */
const fill = (url: string, variables: Json): string =>
  url.replace(/\{([^}]*)\}/g, (written, name: string) => {
    const byDefault = isObject(variables) ? textAt(variables[name], 'default') : undefined
    return byDefault ?? written
  })

/** The paths that servers put before those of the document; one empty where none is named. */
export const basePaths = (spec: Spec): readonly string[] => {
  const paths = [...new Set(serversOf(spec).map(({ path }) => path))]
  return paths.length === 0 ? [''] : paths
}

/** The paths of the document behind those of its servers. */
const wholePaths = (spec: Spec): ReadonlySet<string> => {
  const paths = Object.keys(objectAt(spec.document, 'paths'))
  return new Set(basePaths(spec).flatMap((prefix) => paths.map((path) => prefix + path)))
}

const meet = (left: ReadonlySet<string>, right: ReadonlySet<string>): boolean =>
  left.size === 0 || right.size === 0 || [...left].some((path) => right.has(path))

/** Servers that came and went. Paths that moved between server and path template are found where paths are paired. */
export const compareServers = (comparison: Comparison): void => {
  const [before, after] = [serversOf(comparison.base), serversOf(comparison.revision)]
  // A document without servers names the place that it was fetched from.
  if (before.length === 0 || after.length === 0) return
  const hasMoved = meet(wholePaths(comparison.base), wholePaths(comparison.revision))
  const isSame = (a: Server, b: Server): boolean =>
    (a.path === b.path || hasMoved) && (a.origin === b.origin || (isLocal(a.origin) && isLocal(b.origin)))
  for (const server of before)
    if (!after.some((other) => isSame(server, other)))
      comparison.add({
        kind: 'server-removed',
        area: 'server',
        effect: 'narrowed',
        subject: `server ${server.url}`,
        base: server.pointer,
        before: server.url,
      })
  for (const server of after)
    if (!before.some((other) => isSame(other, server)))
      comparison.add({
        kind: 'server-added',
        area: 'server',
        effect: 'widened',
        subject: `server ${server.url}`,
        revision: server.pointer,
        after: server.url,
      })
}

/** Frameworks write the Host header of the request into the document: such an address says where somebody asked. */
const isLocal = (origin: string): boolean => {
  const host = origin.replace(/^[a-z+.-]*:?\/\//, '').replace(/:\d+$/, '')
  return (
    host === '' ||
    host === 'localhost' ||
    !host.includes('.') ||
    /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|0\.0\.0\.0|169\.254\.)/.test(host) ||
    /\.(local|internal|localhost|svc)$/.test(host)
  )
}
