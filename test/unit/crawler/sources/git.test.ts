import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { crawling, documentOf, operationsNamed, scratch } from '../../../harness/crawl.ts'

/** A repository of the running test. */
const repository = async () => {
  const folder = scratch()
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
      cwd: folder,
      env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    })
  let day = 0
  const commit = async (subject: string) => {
    const date = `2024-01-${String((day += 1)).padStart(2, '0')}T00:00:00Z`
    await git('add', '-A')
    await git('-c', 'commit.gpgsign=false', 'commit', '-q', '--allow-empty', '-m', subject, `--date=${date}`)
  }
  await git('init', '-q', '-b', 'main')
  return {
    folder,
    git,
    /** Commits a file; undefined deletes it. */
    write: async (path: string, content: object | string, subject: string) => {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
      await commit(subject)
    },
    commit,
  }
}

const origin = (folder: string, path = 'docs/api.json', revision = 'HEAD') =>
  ({ kind: 'git', repository: folder, path, revision }) as const

describe('a document in a git repository', () => {
  it('is read at a revision, with author and subject', async () => {
    const repo = await repository()
    await repo.write('docs/api.json', documentOf(['GET /a']), 'first')
    await repo.git('tag', 'v1')
    await repo.write('docs/api.json', documentOf(['GET /a', 'GET /b']), 'second')
    const { crawl } = crawling()
    expect(await crawl(origin(repo.folder, 'docs/api.json', 'v1'))).toMatchObject({
      outcome: 'first',
      version: { operations: 1, commit: { author: 'Ada', subject: 'first', path: 'docs/api.json' } },
    })
    expect(await crawl(origin(repo.folder))).toMatchObject({ outcome: 'changed', version: { operations: 2 } })
    expect(await crawl(origin(repo.folder))).toMatchObject({ outcome: 'unchanged', stored: 0 })
    await repo.write('other.txt', 'x', 'third')
    expect(await crawl(origin(repo.folder))).toMatchObject({ outcome: 'unchanged', stored: 0 })
  })

  it('is read from a folder below the top, as git reads it', async () => {
    const repo = await repository()
    await repo.write('docs/api.json', documentOf(['GET /a']), 'first')
    const { crawl } = crawling()
    const below = join(repo.folder, 'docs')
    expect(await crawl(origin(below, './api.json'))).toMatchObject({ outcome: 'first' })
    expect(await crawl(origin(below, 'docs/api.json'))).toMatchObject({ outcome: 'unchanged' })
  })

  it('brings its whole history: renames followed, what is no document left out, deletions no version', async () => {
    const repo = await repository()
    await repo.write('api.json', documentOf(operationsNamed(3)), 'one')
    await repo.write('api.json', '{"broken":', 'not JSON')
    await repo.write('api.json', documentOf(operationsNamed(2)), 'two')
    await repo.git('mv', 'api.json', 'openapi.json')
    await repo.commit('renamed')
    await repo.write('openapi.json', documentOf(operationsNamed(1)), 'three')
    const { store, crawl } = crawling()
    const history = () => crawl(origin(repo.folder, 'openapi.json'), { history: true })
    expect(await history()).toMatchObject({ outcome: 'first', stored: 3, skipped: 1 })
    const versions = await store.spec('api').versions()
    expect(versions.map(({ operations, commit }) => [operations, commit?.subject, commit?.path])).toEqual([
      [3, 'one', 'api.json'],
      [2, 'two', 'api.json'],
      [1, 'three', 'openapi.json'],
    ])
    expect(await history()).toMatchObject({ outcome: 'unchanged', stored: 0 })
    expect(await crawl(origin(repo.folder, 'openapi.json'))).toMatchObject({ outcome: 'unchanged' })
    await repo.write('openapi.json', documentOf(operationsNamed(5)), 'four')
    expect(await history()).toMatchObject({ outcome: 'changed', stored: 1, version: { operations: 5 } })
  })

  it('brings what merges brought, once', async () => {
    const repo = await repository()
    await repo.write('api.json', documentOf(['GET /a']), 'one')
    await repo.git('switch', '-q', '-c', 'work')
    await repo.write('api.json', documentOf(['GET /a', 'GET /b']), 'on a branch')
    await repo.git('switch', '-q', 'main')
    await repo.write('other.txt', 'x', 'meanwhile')
    await repo.git('merge', '-q', '--no-ff', '-m', 'merged', 'work')
    const { store, crawl } = crawling()
    await crawl(origin(repo.folder, 'api.json'), { history: true })
    expect((await store.spec('api').versions()).map(({ commit }) => commit?.subject)).toEqual([
      'one',
      'merged',
    ])
  })

  it('is read from a repository that has to be cloned, and not again while its head stays', async () => {
    const repo = await repository()
    await repo.write('api.json', documentOf(['GET /a']), 'one')
    await repo.write('api.json', documentOf(['GET /b']), 'two')
    const remote = origin(pathToFileURL(repo.folder).href, 'api.json', 'main')
    const { crawl } = crawling()
    expect(await crawl(remote, { history: true })).toMatchObject({ outcome: 'first', stored: 2 })
    expect(await crawl(remote)).toMatchObject({ outcome: 'unchanged' })
    await repo.write('api.json', documentOf(['GET /c']), 'three')
    expect(await crawl(remote)).toMatchObject({ outcome: 'changed', version: { number: 3 } })
  })

  it.each([
    ['a path that is not there', 'nothing.json', 'HEAD', 'SOURCE_FAILED'],
    ['a revision that is not there', 'api.json', 'nowhere', 'SOURCE_FAILED'],
    ['an option instead of a revision', 'api.json', '--output=x', 'USAGE'],
  ])('fails for %s', async (_, path, revision, code) => {
    const repo = await repository()
    await repo.write('api.json', documentOf(['GET /a']), 'one')
    expect(await crawling().crawl(origin(repo.folder, path, revision))).toMatchObject({
      outcome: 'failed',
      problem: { code },
    })
  })

  it('fails outside of any repository', async () => {
    expect(await crawling().crawl(origin(scratch()))).toMatchObject({
      outcome: 'failed',
      problem: { message: expect.stringContaining('no git repository') },
    })
  })

  it('runs nothing that the repository asks for', async () => {
    const repo = await repository()
    await repo.write('api.json', documentOf(['GET /a']), 'one')
    const mark = join(repo.folder, 'ran')
    await repo.git('config', 'core.fsmonitor', `touch ${mark}; false`)
    const remote = {
      kind: 'git',
      repository: `ext::sh -c touch% ${mark}`,
      path: 'api.json',
      revision: 'main',
    } as const
    const { crawl } = crawling()
    expect(await crawl(origin(repo.folder, 'api.json'))).toMatchObject({ outcome: 'first' })
    expect(await crawl(remote)).toMatchObject({ outcome: 'failed' })
    const { stdout } = await repo
      .git('status', '--porcelain', '--untracked-files', '-c', 'x')
      .catch(() => ({ stdout: '' }))
    expect(stdout).not.toContain('ran')
  })
})
