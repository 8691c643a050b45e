import { Type } from 'typebox'
import { mcpdMember } from '../core/context-use.ts'
import { exactly } from './exact.ts'

/** The member `mcpd` of requests that are no chat: a context is a conversation, so there is none to go on with. */
export const mcpdWithoutContext = Type.Optional(
  exactly(mcpdMember, { type: 'object', additionalProperties: false }),
)
