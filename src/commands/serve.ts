import { Flags } from '@oclif/core'
import { McpdCommand } from '../cli/command.ts'

export default class Serve extends McpdCommand {
  static override summary = 'start the daemon'
  static override description = `It runs on this terminal until Ctrl-C, or in the background with --detach.
Without a config file and without --model it serves the runtimes it finds on this machine, or a tiny demo model.
The config is --config, ./mcpd.yaml or $XDG_CONFIG_HOME/mcpd/mcpd.yaml, the first that exists.`

  static override examples = [
    { description: 'Start with ./mcpd.yaml, or with what is found', command: '<%= config.bin %> serve' },
    { description: 'Serve a GGUF file', command: '<%= config.bin %> serve --model path/to/model.gguf' },
    {
      description: 'Start in the background on a free port and print where it listens',
      command: '<%= config.bin %> serve --detach --port 0 --json',
    },
    {
      description: 'Stand in for Ollama, so that tools made for it find what mcpd serves',
      command: '<%= config.bin %> serve --as-ollama',
    },
    {
      description: 'Listen to the network; the key that clients must send comes from the environment',
      command: 'MCPD_API_KEY=... <%= config.bin %> serve --host 0.0.0.0',
    },
  ]

  static override flags = {
    'as-ollama': Flags.boolean({
      description: 'listen on port 11434 too, where tools look for Ollama, if it is free',
    }),
    config: Flags.string({ description: 'config file', helpValue: 'mcpd.yaml' }),
    detach: Flags.boolean({ description: 'run in the background; return when it is ready' }),
    host: Flags.string({ description: 'address to listen on (default 127.0.0.1)', helpValue: 'address' }),
    insecure: Flags.boolean({ description: 'allow an address that is not loopback without an API key' }),
    'log-level': Flags.string({
      description: 'least severe level written to the log (default info)',
      options: ['trace', 'debug', 'info', 'warn', 'error'],
    }),
    model: Flags.string({
      description: 'GGUF file to serve with the embedded runtime',
      helpValue: 'model.gguf',
    }),
    'no-discover': Flags.boolean({ description: 'do not look for runtimes on this machine' }),
    port: Flags.integer({
      description: 'TCP port to listen on, 0 for a free one (default 6273)',
      min: 0,
      max: 65_535,
      helpValue: 'number',
    }),
    'state-dir': Flags.string({
      description: 'where it keeps its lock, socket, token and log',
      helpValue: 'directory',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Serve)
    const { detachDaemon, runDaemon } = await import('../cli/daemon-process.ts')
    const argv = daemonArguments(flags)
    if (!flags.detach) return this.exit(await runDaemon({ argv }))

    const { openLog } = await import('../cli/detached-log.ts')
    const log = openLog(flags)
    try {
      const { url, pid } = await detachDaemon({
        argv,
        log: log.descriptor,
        interrupted: this.interrupted,
      })
      this.log(`mcpd listens at ${url} (process ${pid}, log ${log.path}).`)
      this.log(`Look at it with "mcpd status" and "mcpd logs --follow", end it with "mcpd stop".`)
      return { url, pid }
    } finally {
      log.close()
    }
  }
}

type ServeFlags = Readonly<Record<string, string | number | boolean | undefined>>

/** The flags that the daemon knows too, as its argv. */
const daemonArguments = (flags: ServeFlags): string[] =>
  Object.entries(flags).flatMap(([name, value]) =>
    name === 'detach' || value === undefined || value === false
      ? []
      : value === true
        ? [`--${name}`]
        : [`--${name}`, String(value)],
  )
