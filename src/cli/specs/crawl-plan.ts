import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Config } from '../../core/config.ts'
import { type SpecAuth, specDefaults, type SpecSource } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { nearest } from '../../client/nearest.ts'
import type { CrawlTask } from '../../crawler/outcome.ts'
import { expandGlob, isGlob } from '../../crawler/sources/file.ts'
import { backendSpec, hasAddress, openSource, type SourcePlace } from '../../crawler/sources/open.ts'
import { type OwnDaemon, ownName, ownSource } from './own-document.ts'

/** What the words and flags of a command line ask to be crawled. */
export interface CrawlWords {
  /** Names, URLs, files, patterns, `rev:path`; none = everything there is. */
  readonly words: readonly string[]
  readonly name?: string | undefined
  readonly auth?: SpecAuth | undefined
  readonly hosts: readonly string[]
  /** Instead of the folder in which the command runs. */
  readonly repository?: string | undefined
  /** A program to run, as words. */
  readonly command?: readonly string[] | undefined
  readonly history: boolean
}

export interface CrawlPlace extends SourcePlace {
  readonly config: Config
  readonly cwd: string
  /** The daemon whose own document is meant by `mcpd`; undefined when none runs. */
  readonly own?: OwnDaemon | undefined
}

/** Throws USAGE for a word that means nothing, or two sources of one name. */
export const planCrawl = async (asked: CrawlWords, place: CrawlPlace): Promise<readonly CrawlTask[]> => {
  const everything = asked.words.length === 0 && asked.command === undefined
  if (everything) return allOf(place)
  const specs = await Promise.all(asked.words.map((word) => specsOf(word, asked, place)))
  const tasks = specs.flat()
  if (asked.command)
    tasks.push(
      task(
        {
          ...given(asked),
          name: stemOf(asked.command[0] ?? ''),
          origin: { kind: 'command', argv: asked.command, cwd: place.cwd },
        },
        place,
      ),
    )
  const named = asked.name === undefined ? tasks : renamed(tasks, asked.name)
  const names = named.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return named
  throw new McpdError('USAGE', `Two of these would be called "${twice}".`, {
    suggestions: [
      'Crawl one at a time, with --name.',
      'Or give them names under specs.sources in mcpd.yaml.',
    ],
  })
}

const allOf = (place: CrawlPlace): readonly CrawlTask[] => {
  const { sources } = place.config.specs
  const taken = new Set(
    sources.flatMap(({ name, origin }) => [name, origin.kind === 'backend' ? origin.backend : name]),
  )
  const backends = place.backends.filter((backend) => hasAddress(backend) && !taken.has(backend.name))
  return [
    ...sources.map((spec) => task(spec, place)),
    ...backends.map(({ name }) => ({ ...task(backendSpec(name), place), mayBeNothing: true })),
    ...(place.own && !taken.has(ownName) ? [ownTask(place.own, place)] : []),
  ]
}

const specsOf = async (word: string, asked: CrawlWords, place: CrawlPlace): Promise<readonly CrawlTask[]> => {
  const { sources } = place.config.specs
  const known = sources.find(({ name }) => name === word)
  if (known) return [task(known, place)]
  if (place.backends.some(({ name }) => name === word)) return [task(backendSpec(word), place)]
  if (/^https?:\/\//.test(word)) return [task({ ...given(asked), ...urlSpec(word) }, place)]
  const file = resolve(place.cwd, word)
  if (asked.repository === undefined && existsSync(file))
    return [task({ ...given(asked), ...fileSpec(file, asked) }, place)]
  const revision = /^([^-:\s][^:\s]*):([^:]+)$/.exec(word)
  if (revision) {
    const [, at = '', path = ''] = revision
    const repository = asked.repository ?? place.cwd
    return [
      task(
        { ...given(asked), name: stemOf(path), origin: { kind: 'git', repository, path, revision: at } },
        place,
      ),
    ]
  }
  if (isGlob(word)) {
    const files = await expandGlob(word, place.cwd)
    return files.map((path) => task({ ...given(asked), ...fileSpec(resolve(place.cwd, path), asked) }, place))
  }
  if (word === ownName && place.own) return [ownTask(place.own, place)]
  const near = nearest(
    word,
    [...sources, ...place.backends].map(({ name }) => name),
  )
  throw new McpdError(
    'USAGE',
    `"${word}" is no spec or backend of the config, no URL, no file and no rev:path.`,
    {
      suggestions: [
        ...(near === undefined ? [] : [`Did you mean ${near}?`]),
        ...(word === ownName ? ['No daemon runs that could be asked for its document: mcpd serve'] : []),
      ],
    },
  )
}

const given = ({ auth, hosts }: CrawlWords) => ({ ...specDefaults, hosts, ...(auth && { auth }) })

const task = (spec: SpecSource, place: CrawlPlace): CrawlTask => ({
  name: spec.name,
  open: () => openSource(spec, place),
  sizeMaxBytes: spec.sizeMaxBytes,
})

const ownTask = (own: OwnDaemon, place: CrawlPlace): CrawlTask => ({
  name: ownName,
  open: () => ownSource(own, place.limit),
  sizeMaxBytes: specDefaults.sizeMaxBytes,
  mayBeNothing: true,
})

const renamed = (tasks: readonly CrawlTask[], name: string): readonly CrawlTask[] => {
  if (tasks.length === 1) return tasks.map((each) => ({ ...each, name }))
  throw new McpdError('USAGE', '--name is for one source at a time.')
}

const urlSpec = (word: string): Pick<SpecSource, 'name' | 'origin' | 'auth'> => {
  if (!URL.canParse(word)) throw new McpdError('USAGE', `"${word}" is no URL.`)
  const url = new URL(word)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const path = url.pathname === '/' ? '' : stemOf(url.pathname, '')
  return {
    name: asName(path === '' ? url.host : `${url.host}-${path}`),
    origin: { kind: 'url', url: url.href },
    ...(username !== '' && {
      auth: { kind: 'basic', username: decodeURIComponent(username), password: decodeURIComponent(password) },
    }),
  }
}

/** With --history a file means itself in the history of its repository. */
const fileSpec = (file: string, { history }: CrawlWords): Pick<SpecSource, 'name' | 'origin'> => ({
  name: stemOf(file),
  origin: history
    ? { kind: 'git', repository: dirname(file), path: `./${basename(file)}`, revision: 'HEAD' }
    : { kind: 'file', path: file },
})

/** Names that say no more than that it is a document. */
const generic =
  /^(openapi|swagger|api|api-?docs?|docs?|index|dataplane|spec|specs|specification|v\d+|json|yaml|\.+|)$/i

/** What a path is best called: its file's name without the ending, or a folder's where that says nothing. */
const stemOf = (path: string, fallback = 'spec'): string => {
  const parts = path.split(/[/\\]/).filter((part) => part !== '')
  const stems = parts.map((part, index) =>
    index === parts.length - 1 ? part.replace(/\.(json|ya?ml)$/i, '') : part,
  )
  return asName(stems.findLast((stem) => !generic.test(stem)) ?? (fallback && (stems.at(-1) ?? fallback)))
}

const asName = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)

/** Where copies of remote repositories are kept. */
export const repositoryCache = (config: Config): string => join(config.stateDir, 'git')
