import Chat from './chat.ts'

/** `mcpd chat` under the name that Ollama's users have in their fingers. */
export default class Run extends Chat {
  static override summary = 'ask a model, or talk with it: the same as chat'

  static override examples = [
    { description: 'Talk with a model', command: '<%= config.bin %> run llama3.2' },
    {
      description: 'Ask one question',
      command: '<%= config.bin %> run llama3.2 "Why is the sky blue?"',
    },
  ]
}
