import type { Model } from '../core/adapter.ts'
import type { Operation } from '../core/inference.ts'

/** The option `models` of an adapter as models, each with `operations` unless it says its own; undefined without it. */
export const configuredModels = (
  models: readonly (string | (Partial<Model> & Pick<Model, 'name'>))[] | undefined,
  operations: readonly Operation[],
): readonly Model[] | undefined =>
  models?.map((model) => (typeof model === 'string' ? { name: model, operations } : { operations, ...model }))
