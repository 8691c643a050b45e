import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { checks } from '../../../../src/fuzz/check.ts'
import { destructiveOperations } from '../../../../src/fuzz/destructive.ts'

const page = readFileSync('docs/fuzz.md', 'utf8')
const firstCells = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name)

it('docs/fuzz.md explains every check', () => {
  expect(checks.filter((check) => !firstCells.includes(check))).toEqual([])
})

it('docs/fuzz.md names all that is left out of what somebody uses', () => {
  expect(
    destructiveOperations.map(({ pattern }) => pattern).filter((pattern) => !firstCells.includes(pattern)),
  ).toEqual([])
})
