import { describe, expect, it } from 'vitest'
import { findModel, resolveModel } from '../../../src/client/find-model.ts'
import { models } from './stand-in-daemon.ts'

describe('findModel', () => {
  it('takes an id, adapter/model or a bare name', () => {
    expect(findModel(models, 'cpu/tiny', 'chat')).toBe('cpu/tiny')
    expect(findModel(models, 'ollama/tiny', 'chat')).toBe('cpu/tiny')
    expect(findModel(models, 'org/vectors', 'embed')).toBe('gpu/org/vectors')
  })

  it('gives a bare name to the backend that is not shadowed', () => {
    expect(findModel(models.toReversed(), 'tiny', 'chat')).toBe('gpu/tiny')
  })

  it('takes the first that can, when none is named', () => {
    expect(findModel(models, undefined, 'chat')).toBe('gpu/tiny')
    expect(findModel(models, undefined, 'embed')).toBe('gpu/org/vectors')
    expect(() => findModel(models, undefined, 'tokenize')).toThrow('no model that can tokenize')
    expect(() => findModel([], undefined, 'chat')).toThrow(
      expect.objectContaining({ code: 'MODEL_NOT_FOUND' }) as Error,
    )
  })

  it('says which can, when the named one cannot', () => {
    expect(() => findModel(models, 'tiny', 'embed')).toThrow(
      expect.objectContaining({
        code: 'OPERATION_UNSUPPORTED',
        details: { suggestions: ['gpu/org/vectors can.'] },
      }) as Error,
    )
  })

  it('suggests the name that was meant', () => {
    expect(() => findModel(models, 'tinny', 'chat')).toThrow(
      expect.objectContaining({
        code: 'MODEL_NOT_FOUND',
        details: { suggestions: expect.arrayContaining(['Did you mean tiny?']) as string[] },
      }) as Error,
    )
    expect(() => findModel(models, 'gpu/other-model', 'chat')).toThrow('no model "gpu/other-model"')
  })

  it('leaves a backend that lists nothing to the daemon', () => {
    expect(findModel(models, 'sleeping-backend/llama', 'chat')).toBe('sleeping-backend/llama')
  })
})

describe('resolveModel', () => {
  const client = (group?: string) => ({
    models: async () => models,
    route: async (model: string) => {
      if (group === undefined) throw new Error('no route')
      return { model, group, strategy: 'p2c', chosen: '', targets: [] }
    },
  })

  it('takes a group before a model of the same name', async () => {
    expect(await resolveModel(client('tiny'), 'tiny', 'chat')).toBe('group/tiny')
    expect(await resolveModel(client('tiny'), 'gpu/tiny', 'chat')).toBe('gpu/tiny')
  })

  it('is findModel where there is no group', async () => {
    expect(await resolveModel(client(), 'tiny', 'chat')).toBe('gpu/tiny')
    await expect(resolveModel(client(), 'nothing', 'chat')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
  })
})
