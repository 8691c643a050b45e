import { Args, Flags } from '@oclif/core'
import { daemonFlags, McpdCommand } from '../cli/command.ts'
import { isPrompt, requirePrompt } from '../cli/prompt.ts'
import { readStandardInput } from '../cli/standard-input.ts'
import { McpdError } from '../core/errors.ts'

const parseNumber = async (text: string): Promise<number> => {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number)) return number
  throw new McpdError('USAGE', `"${text}" is not a number.`)
}

export default class Chat extends McpdCommand {
  static override summary = 'ask a model, or talk with it'
  static override description = `With a prompt, or one piped in, it prints the answer as it is written.
On a terminal without a prompt it opens a conversation: Ctrl-C stops an answer and then leaves, as does /exit.
Without a model it takes the first that can chat. One argument that has a space in it is a prompt.`

  static override examples = [
    { description: 'Talk with the first model', command: '<%= config.bin %> chat' },
    {
      description: 'Ask one question',
      command: '<%= config.bin %> chat local-ollama/llama3.2 "Why is the sky blue?"',
    },
    {
      description: 'Ask about a file',
      command: '<%= config.bin %> chat llama3.2 --system "Summarise in one sentence." < report.txt',
    },
    {
      description: 'The whole answer as JSON, the same each time if the backend can',
      command:
        '<%= config.bin %> chat llama3.2 "Name a colour." --temperature 0 --seed 1 --max-tokens 8 --json',
    },
    {
      description: 'Begin a conversation that is kept, and go on with it later',
      command: '<%= config.bin %> chat llama3.2 "My name is Ada." --context new',
    },
    {
      description: 'Go on with the last one, on another model',
      command: '<%= config.bin %> chat gpu-0/llama-3 "What is my name?" --continue',
    },
    {
      description: 'Every event of the stream as a line of JSON',
      command: '<%= config.bin %> chat llama3.2 "Count to ten." --json --stream',
    },
  ]

  static override args = {
    model: Args.string({ description: 'id or name of a model, see "mcpd models"', ignoreStdin: true }),
    prompt: Args.string({ description: 'what to ask; standard input when it is piped', ignoreStdin: true }),
  }

  static override flags = {
    ...daemonFlags,
    context: Flags.string({
      description: 'conversation that the daemon keeps, to go on with: an id, id@head, or new',
      helpValue: 'id',
    }),
    continue: Flags.boolean({ description: 'go on with the conversation used last', exclusive: ['context'] }),
    'max-tokens': Flags.integer({ description: 'longest answer, in tokens', min: 1, helpValue: 'number' }),
    seed: Flags.integer({ description: 'seed of the sampling', helpValue: 'number' }),
    stream: Flags.boolean({ description: 'with --json: print events as lines', dependsOn: ['json'] }),
    system: Flags.string({ description: 'instructions that come before the prompt', helpValue: 'text' }),
    temperature: Flags.custom<number>({
      description: 'how freely to sample; 0 takes the likeliest token',
      helpValue: 'number',
      parse: parseNumber,
    })(),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Chat)
    const signal = this.interrupted
    const isOnlyPrompt = args.prompt === undefined && isPrompt(args.model)
    const given = isOnlyPrompt ? args.model : args.prompt
    const prompt = given ?? (await readStandardInput(process.stdin, signal))
    const converses = prompt === undefined && process.stdout.isTTY && !this.jsonEnabled()
    const question = converses ? [] : [{ role: 'user' as const, content: requirePrompt(prompt, 'chat') }]

    const [{ resolveModel }, { chosenContext }] = await Promise.all([
      import('../client/index.ts'),
      import('../cli/contexts/chosen-context.ts'),
    ])
    await using client = await this.connect(flags)
    const context = await chosenContext(client, flags)
    if (context && flags.context === 'new' && !this.jsonEnabled())
      this.logToStderr(`Kept as ${context.id}; go on with --context ${context.id}`)
    const request = {
      model: await resolveModel(client, isOnlyPrompt ? undefined : args.model, 'chat'),
      messages: flags.system === undefined ? [] : [{ role: 'system' as const, content: flags.system }],
      ...(context && { mcpd: { context } }),
      ...(flags.temperature !== undefined && { temperature: flags.temperature }),
      ...(flags['max-tokens'] !== undefined && { max_tokens: flags['max-tokens'] }),
      ...(flags.seed !== undefined && { seed: flags.seed }),
    }
    if (converses) {
      const plain = Boolean(process.env['NO_COLOR'])
      // What ink draws with knows only this variable, and reads it when it is loaded.
      if (plain) process.env['FORCE_COLOR'] = '0'
      const { openConversation } = await import('../views/conversation.ts')
      await openConversation({ client, request, plain, signal })
      return undefined
    }
    const asked = { ...request, messages: [...request.messages, ...question] }
    if (this.jsonEnabled() && !flags.stream) return await client.chat(asked)
    if (flags.stream) for await (const event of client.chatStream(asked)) this.logJson(event)
    else {
      const { printAnswer } = await import('../cli/print-answer.ts')
      await printAnswer(client.chatStream(asked), { output: process.stdout, warn: (text) => this.warn(text) })
    }
    return undefined
  }
}
