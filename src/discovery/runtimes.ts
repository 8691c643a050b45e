/** How a runtime answers, so that it can be recognised by what it says and never by its port. */

export interface Probe {
  /** GET, nothing else: asking must change nothing. */
  readonly path: string
  /** The runtime's version if the answer is one of this runtime's, '' if it says none, undefined if it is not. */
  readonly recognise: (answer: ProbeAnswer) => string | undefined
}

export interface ProbeAnswer {
  readonly status: number
  /** Parsed JSON, or undefined. */
  readonly json: unknown
}

export interface Runtime {
  /** Also the name of a backend that was found. */
  readonly name: string
  readonly title: string
  /** Undefined while mcpd has no adapter for it. */
  readonly adapter: string | undefined
  /** Appended to `http://127.0.0.1:port` as the adapter's `url`. */
  readonly basePath: string
  readonly probe: Probe
}

const member = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Ports at which runtimes listen unless told otherwise. */
export const usualPorts: readonly number[] = [11434, 8080, 8000, 1234, 3000]

/** In order of how surely they are told apart: what several runtimes imitate comes last. */
export const runtimes: readonly Runtime[] = [
  {
    name: 'triton',
    title: 'Triton',
    adapter: 'triton',
    basePath: '',
    probe: {
      path: '/v2',
      recognise: ({ json }) =>
        member(json, 'name') === 'triton' ? (text(member(json, 'version')) ?? '') : undefined,
    },
  },
  {
    name: 'llamacpp',
    title: 'llama.cpp',
    adapter: 'openai',
    basePath: '/v1',
    probe: {
      path: '/props',
      recognise: ({ json }) =>
        member(json, 'default_generation_settings') === undefined
          ? undefined
          : (text(member(json, 'build_info')) ?? ''),
    },
  },
  {
    name: 'tgi',
    title: 'Text Generation Inference',
    adapter: 'openai',
    basePath: '/v1',
    probe: {
      path: '/info',
      recognise: ({ json }) =>
        text(member(json, 'model_id')) !== undefined && text(member(json, 'router')) !== undefined
          ? (text(member(json, 'version')) ?? '')
          : undefined,
    },
  },
  {
    name: 'lmstudio',
    title: 'LM Studio',
    adapter: 'openai',
    basePath: '/v1',
    probe: {
      path: '/api/v0/models',
      recognise: ({ json }) => {
        const data = member(json, 'data')
        return Array.isArray(data) &&
          data.every((model) => text(member(model, 'compatibility_type')) !== undefined)
          ? ''
          : undefined
      },
    },
  },
  {
    name: 'vllm',
    title: 'vLLM',
    adapter: 'openai',
    basePath: '/v1',
    probe: {
      path: '/v1/models',
      recognise: ({ json }) => {
        const [first] = [member(json, 'data')].flat()
        return member(first, 'owned_by') === 'vllm' ? '' : undefined
      },
    },
  },
  {
    name: 'ollama',
    title: 'Ollama',
    adapter: 'ollama',
    basePath: '',
    probe: {
      path: '/api/version',
      recognise: ({ status, json }) => (status === 200 ? text(member(json, 'version')) : undefined),
    },
  },
]
