import { Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { differences } from './openapi-diff-child.ts'
import type { Answer, Question } from './question.ts'
import { validate } from './swagger-parser-child.ts'

/**
 * A process that runs what others wrote on documents that others wrote: asked once on standard input, answers once on
 * standard output. Whoever starts it bounds its time and memory, and gives it no right to write or to start programs.
 */

// Everything it may need stands in the question: no reference is worth a connection.
Socket.prototype.connect = () => {
  throw new Error('This process has no network.')
}

const answer = (question: Question): Promise<Answer> =>
  question.task === 'validate' ? validate(question.document) : differences(question.base, question.revision)

const said = await answer((await json(process.stdin)) as Question)
process.stdout.write(JSON.stringify(said))
