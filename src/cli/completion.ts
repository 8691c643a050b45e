/** What completion needs to know of a command; oclif's metadata has more. */
export interface CompletedCommand {
  /** Words that lead to it, such as `adapter install`. */
  readonly words: readonly string[]
  readonly summary: string
  readonly flags: readonly CompletedFlag[]
  /** Values of the first argument, where they are known. */
  readonly values: readonly string[]
}

export interface CompletedFlag {
  readonly name: string
  readonly description: string
  readonly char?: string
  /** Whether a value follows. */
  readonly takesValue: boolean
  /** The values it may have, where they are known. */
  readonly values: readonly string[]
}

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script that completes commands, flags and known values; file names where nothing is known. */
export const completionScript = (shell: Shell, bin: string, commands: readonly CompletedCommand[]): string =>
  ({ bash: bashScript, zsh: zshScript, fish: fishScript })[shell](bin, commands)

const flagWords = (flag: CompletedFlag): string[] => [
  `--${flag.name}`,
  ...(flag.char ? [`-${flag.char}`] : []),
]

/** The words that may follow `path`, of commands that go deeper. */
const nextWords = (commands: readonly CompletedCommand[], path: readonly string[]): string[] => [
  ...new Set(
    commands
      .filter(({ words }) => words.length > path.length && path.every((word, at) => words[at] === word))
      .map(({ words }) => words[path.length]!),
  ),
]

const topicsOf = (commands: readonly CompletedCommand[]): string[] => [
  ...new Set(commands.flatMap(({ words }) => (words.length > 1 ? [words[0]!] : []))),
]

// ---- bash ----

const bashScript = (bin: string, commands: readonly CompletedCommand[]): string => {
  const topics = topicsOf(commands)
  const valueCases = commands.flatMap(({ words, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .map((flag) => {
        const pattern = flagWords(flag).map((word) => `"${words.join(' ')} ${word}"`)
        return `    ${pattern.join('|')}) ${bashWords(flag.values)} ;;`
      }),
  )
  const wordCases = [
    `    "") words="${nextWords(commands, []).join(' ')} --help --version" ;;`,
    ...topics.map((topic) => `    "${topic}") words="${nextWords(commands, [topic]).join(' ')} --help" ;;`),
    ...commands.map(({ words, flags, values }) => {
      const all = [...values, ...flags.map(({ name }) => `--${name}`), '--help']
      return `    "${words.join(' ')}") words="${all.join(' ')}" ;;`
    }),
  ]
  return `# ${bin} completion for bash
_${bin}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" command="" words="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in -*) break ;; esac
    case "$command" in
    "") command="\${COMP_WORDS[at]}" ;;
    ${topics.map((topic) => `"${topic}"`).join('|') || '" "'}) command="$command \${COMP_WORDS[at]}" ;;
    *) break ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${valueCases.join('\n')}
  esac
  case "$command" in
${wordCases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${bin} ${bin}
`
}

/** With no known values nothing is offered, and \`-o default\` makes that file names. */
const bashWords = (values: readonly string[]): string =>
  values.length === 0 ? 'return' : `COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$current")); return`

// ---- zsh ----

const zshScript = (bin: string, commands: readonly CompletedCommand[]): string => {
  const described = (path: readonly string[]): string =>
    nextWords(commands, path)
      .map((word) => {
        const command = commands.find(({ words }) => words.join(' ') === [...path, word].join(' '))
        return `    ${zshQuote(`${word}:${command?.summary ?? `${word} commands`}`)}`
      })
      .join('\n')
  const groups = [[], ...topicsOf(commands).map((topic) => [topic])].map(
    (path) => `  "${path.join(' ')}")
    local -a choices=(
${described(path)}
    )
    _describe command choices
    ;;`,
  )
  const cases = commands.map(
    ({ words, flags, values }) => `  "${words.join(' ')}")
    _arguments -S \\
${[
  ...flags.flatMap(zshFlag),
  zshQuote('--help[show help]'),
  ...(values.length > 0 ? [zshQuote(`1:value:(${values.join(' ')})`)] : []),
  zshQuote('*:file:_files'),
]
  .map((line) => `      ${line}`)
  .join(' \\\n')}
    ;;`,
  )
  return `#compdef ${bin}
# ${bin} completion for zsh
_${bin}() {
  local command="" depth=1 at
  for ((at = 2; at < CURRENT; at++)); do
    [[ \${words[at]} == -* ]] && break
    case "$command" in
    "") command="\${words[at]}" ;;
    ${
      topicsOf(commands)
        .map((topic) => `"${topic}"`)
        .join('|') || '" "'
    }) command="$command \${words[at]}" ;;
    *) break ;;
    esac
    depth=$at
  done
  if (( depth > 1 )); then
    shift $((depth - 1)) words
    (( CURRENT -= depth - 1 ))
  fi
  case "$command" in
${[...groups, ...cases].join('\n')}
  esac
}
if [[ $funcstack[1] == _${bin} ]]; then _${bin} "$@"; else compdef _${bin} ${bin}; fi
`
}

const zshFlag = (flag: CompletedFlag): string[] => {
  const description = flag.description.replaceAll(/[[\]:]/g, ' ')
  const value = flag.takesValue
    ? `:${flag.name}:${flag.values.length > 0 ? `(${flag.values.join(' ')})` : '_files'}`
    : ''
  return flagWords(flag).map((word) =>
    zshQuote(`${word}${flag.takesValue && word.startsWith('--') ? '=' : ''}[${description}]${value}`),
  )
}

const zshQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

// ---- fish ----

const fishScript = (bin: string, commands: readonly CompletedCommand[]): string => {
  const lines = [[], ...topicsOf(commands).map((topic) => [topic])].flatMap((path) =>
    nextWords(commands, path).map((word) => {
      const command = commands.find(({ words }) => words.join(' ') === [...path, word].join(' '))
      const description = command?.summary ?? `${word} commands`
      return `complete -c ${bin} -f -n '__${bin}_at ${path.join(' ')}' -a ${word} -d ${fishQuote(description)}`
    }),
  )
  const flagLines = commands.flatMap(({ words, flags, values }) => {
    const when = `-n '__${bin}_in ${words.join(' ')}'`
    return [
      ...flags.map((flag) =>
        [
          `complete -c ${bin} ${when} -l ${flag.name}`,
          ...(flag.char ? [`-s ${flag.char}`] : []),
          ...(flag.takesValue ? ['-r'] : []),
          ...(flag.values.length > 0 ? [`-f -a ${fishQuote(flag.values.join(' '))}`] : []),
          `-d ${fishQuote(flag.description)}`,
        ].join(' '),
      ),
      ...(values.length > 0 ? [`complete -c ${bin} -f ${when} -a ${fishQuote(values.join(' '))}`] : []),
    ]
  })
  return `# ${bin} completion for fish
function __${bin}_words
  set -l words (commandline -opc)
  for word in $words[2..-1]
    string match -q -- '-*' $word; and break
    echo $word
  end
end
function __${bin}_at
  set -l words (__${bin}_words)
  test "$words" = "$argv"
end
function __${bin}_in
  set -l words (__${bin}_words)
  test "$words[1..$(count $argv)]" = "$argv"
end
${[...lines, ...flagLines].join('\n')}
`
}

const fishQuote = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
