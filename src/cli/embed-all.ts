import type { Client, EmbedAnswer } from '../client/index.ts'

interface EmbedJob {
  readonly model: string
  readonly inputs: readonly string[]
  readonly dimensions?: number
  /** Called for every vector in order, as soon as its batch is done. */
  readonly print: (embedding: readonly number[]) => void
}

/** Texts per request: few enough that the first vectors come soon, and that every backend takes them. */
const batchMax = 128

/** Embeds any number of texts, some at a time; the answer is that of the last request with the vectors of all. */
export const embedAll = async (client: Pick<Client, 'embed'>, job: EmbedJob): Promise<EmbedAnswer> => {
  const { model, inputs, dimensions, print } = job
  const answers: EmbedAnswer[] = []
  for (let start = 0; start < inputs.length; start += batchMax) {
    const input = inputs.slice(start, start + batchMax)
    const answer = await client.embed({ model, input, ...(dimensions !== undefined && { dimensions }) })
    answers.push(answer)
    for (const embedding of answer.output.embeddings) print(embedding)
  }
  return joinAnswers(answers)
}

const joinAnswers = (answers: readonly EmbedAnswer[]): EmbedAnswer => {
  const last = answers.at(-1)
  if (last === undefined) throw new RangeError('nothing was embedded')
  const usages = answers.map(({ usage }) => usage)
  return {
    ...last,
    output: { embeddings: answers.flatMap(({ output }) => output.embeddings) },
    usage: usages.includes(null)
      ? null
      : {
          inputTokens: usages.reduce((sum, usage) => sum + (usage?.inputTokens ?? 0), 0),
          outputTokens: usages.reduce((sum, usage) => sum + (usage?.outputTokens ?? 0), 0),
        },
    timings: {
      queueMs: answers.reduce((sum, { timings }) => sum + timings.queueMs, 0),
      ttftMs: answers[0]?.timings.ttftMs ?? null,
      totalMs: answers.reduce((sum, { timings }) => sum + timings.totalMs, 0),
    },
    warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))],
  }
}
