import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builds } from '../../faults/builds.ts'

// Whoever words a sentence anew that storms change is told here, and words the change anew as well.
describe('a build for storms', () => {
  const changes = Object.entries(builds).flatMap(([name, list]) =>
    list.map((change) => ({ name, ...change })),
  )

  it.each(changes)('$name changes a sentence that is in $file', ({ file, from, to }) => {
    const source = readFileSync(new URL(`../../../src${file}`, import.meta.url), 'utf8')
    expect(source.split(from)).toHaveLength(2)
    expect(to).not.toBe(from)
  })
})
