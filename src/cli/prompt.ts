import { McpdError } from '../core/errors.ts'

/** Whether a lone argument is what to ask rather than whom: no name of a model has white space in it. */
export const isPrompt = (argument: string | undefined): boolean =>
  argument !== undefined && /\s/.test(argument)

/** Throws USAGE for a prompt that is missing or blank, saying how `command` wants it. */
export const requirePrompt = (prompt: string | undefined, command: string): string => {
  if (prompt !== undefined && prompt.trim() !== '') return prompt
  throw new McpdError(
    'USAGE',
    prompt === undefined ? 'There is no text to send.' : 'The text to send is blank.',
    {
      suggestions: [`Write it after the model: mcpd ${command} MODEL "some text"`, 'Or pipe it in.'],
    },
  )
}
