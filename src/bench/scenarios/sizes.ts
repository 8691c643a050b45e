import type { Phase } from '../load/phase.ts'

/** The shapes of what people ask: tokens in and out. */
const shapes = [
  { name: 'short question', input: 32, output: 32 },
  { name: 'chat', input: 128, output: 64 },
  { name: 'long answer', input: 64, output: 256 },
  { name: 'long prompt', input: 512, output: 32 },
] as const

/** The mission's first scenario: one target, one load, prompts and answers of several sizes. */
export const sizeSteps = ([step]: readonly Phase[]): Phase[] =>
  step === undefined
    ? []
    : shapes.map(({ name, input, output }) => ({
        ...step,
        name: `${name} ${input}→${output}`,
        targets: [0],
        sizes: {
          inputTokens: { kind: 'fixed', tokens: input },
          outputTokens: { kind: 'fixed', tokens: output },
        },
      }))

/** The second: every target under each load, one after the other. */
export const scalingSteps = (steps: readonly Phase[], labels: readonly string[]): Phase[] =>
  labels.flatMap((label, target) =>
    steps.map((step) => ({
      ...step,
      name: labels.length > 1 ? `${label}, ${step.name}` : step.name,
      targets: [target],
    })),
  )
