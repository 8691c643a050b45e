import { describe, expect, it } from 'vitest'
import { decodeProgress, encodeProgress } from '../../../../src/dialects/ollama/progress.ts'
import { recorded } from '../../../harness/recorded-ollama.ts'

describe('the progress of a pull', () => {
  it('is read and written', () => {
    const text = '{"status":"pulling abc","digest":"sha256:abc","total":10,"completed":5}'
    const progress = decodeProgress(text, 'm')
    expect(progress).toEqual({
      status: 'pulling abc',
      digest: 'sha256:abc',
      totalBytes: 10,
      completedBytes: 5,
    })
    expect(encodeProgress(progress)).toEqual(JSON.parse(text))
  })

  it('fails as it did with an Ollama that could not reach its registry', () => {
    const [first = '', second = ''] = recorded('pull-unreachable').response.body.split('\n')
    expect(decodeProgress(first, 'm')).toEqual({ status: 'pulling manifest' })
    expect(() => decodeProgress(second, 'm')).toThrow(expect.objectContaining({ code: 'BACKEND_ERROR' }))
  })

  it.each([
    ['{"error":"pull model manifest: file does not exist"}', 'MODEL_NOT_FOUND'],
    ['{"error":"max retries exceeded"}', 'BACKEND_ERROR'],
    ['nonsense', 'BACKEND_ERROR'],
  ])('throws for %s', (text, code) => {
    expect(() => decodeProgress(text, 'm')).toThrow(expect.objectContaining({ code }))
  })
})
