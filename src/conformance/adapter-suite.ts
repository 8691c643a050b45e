import assert from 'node:assert/strict'
import { isMcpdError } from '../core/errors.ts'
import { operations } from '../core/inference.ts'
import { answerChecks, numberChecks, tensorChecks } from './adapter-answers.ts'
import { type AdapterCheck, type AdapterSuiteOptions, bindCheck, mainOperation } from './adapter-session.ts'
import { stopChecks } from './adapter-stops.ts'
import { type Check, within } from './check.ts'
import { newInput } from './request.ts'

export type { AdapterSubject, AdapterSuiteOptions } from './adapter-session.ts'

/** Everything an adapter must do, whatever it talks to. Each check makes an adapter of its own. */
export const adapterSuite = (options: AdapterSuiteOptions): readonly Check[] =>
  [
    ...selfChecks,
    ...answerChecks(options),
    ...numberChecks(options),
    ...tensorChecks(options),
    ...stopChecks(options),
    ...refusalChecks(options),
  ].map((check) => bindCheck(options, check))

/** What an adapter says about itself and its backend. */
const selfChecks: readonly AdapterCheck[] = [
  {
    name: 'specVersion is 1 and the operations are those that models were given for',
    body: async ({ adapter, models }) => {
      assert.equal(adapter.specVersion, 1, 'specVersion')
      assert.deepEqual(
        adapter.operations.toSorted(),
        operations.filter((operation) => models[operation] !== undefined).toSorted(),
        'the adapter’s operations are not those that a model was given for',
      )
    },
  },
  {
    name: 'models() lists the models with their operations',
    body: async ({ adapter, models, stepMs }, signal) => {
      const listed = await within(stepMs, 'models()', adapter.models(signal))
      for (const operation of operations) {
        const name = models[operation]
        if (name === undefined) continue
        const model = listed.find((candidate) => candidate.name === name)
        assert.ok(model, `models() does not list ${name}`)
        assert.ok(model.operations.includes(operation), `models() does not say that ${name} can ${operation}`)
      }
      const names = listed.map(({ name }) => name)
      assert.equal(new Set(names).size, names.length, `models() lists a name twice: ${names.join(', ')}`)
    },
  },
  {
    name: 'health() says that the backend is well',
    body: async ({ adapter, stepMs }, signal) => {
      const { ok, detail } = await within(stepMs, 'health()', adapter.health(signal))
      assert.equal(ok, true, `health() is not ok: ${detail ?? 'no detail'}`)
    },
  },
]

/** What an adapter must not answer, and how it says no. */
const refusalChecks = (options: AdapterSuiteOptions): readonly AdapterCheck[] => {
  const missing = operations.filter((operation) => options.models[operation] === undefined)
  return [
    {
      name: 'an unknown model is refused as MODEL_NOT_FOUND or BAD_REQUEST',
      skipped: options.anyModel ? 'the backend answers to any name' : undefined,
      body: async ({ refusal, models, requireFree }) => {
        const main = mainOperation(models)
        for (const stream of main === 'chat' || main === 'complete' ? [false, true] : [false]) {
          const { code } = await refusal(newInput(main, 'Hello.'), { stream, model: 'mcpd/no-such:model' })
          assert.ok(['MODEL_NOT_FOUND', 'BAD_REQUEST'].includes(code), `refused with ${code}`)
        }
        await requireFree()
      },
    },
    {
      name: 'an operation the adapter does not have is refused as OPERATION_UNSUPPORTED',
      skipped: missing.length === 0 ? 'the adapter has every operation' : undefined,
      body: async ({ refusal, models }) => {
        const model = models[mainOperation(models)] ?? ''
        for (const operation of missing) {
          const { code } = await refusal(newInput(operation, 'Hello.'), { model })
          assert.equal(code, 'OPERATION_UNSUPPORTED', `${operation} was refused with ${code}`)
        }
      },
    },
    {
      name: 'a parameter the backend cannot take is refused or warned of by name',
      skipped: options.unsupported?.length
        ? undefined
        : 'no parameter was named that the backend cannot take',
      body: async ({ askOrRefusal }) => {
        for (const { parameter, input } of options.unsupported ?? []) {
          const outcome = await askOrRefusal(input)
          const words = isMcpdError(outcome)
            ? [outcome.message, outcome.details.param ?? '']
            : outcome.warnings
          assert.ok(
            words.some((sentence) => sentence.includes(parameter)),
            isMcpdError(outcome)
              ? `refused with ${outcome.code}, which does not name ${parameter}: ${outcome.message}`
              : `${parameter} was dropped in silence`,
          )
          if (isMcpdError(outcome))
            assert.ok(
              ['BAD_REQUEST', 'OPERATION_UNSUPPORTED'].includes(outcome.code),
              `${parameter} was refused with ${outcome.code}`,
            )
        }
      },
    },
  ]
}
