/** How LiteLLM's providers, the part of a model's name before its first slash, come to be backends of mcpd. */
export interface Provider {
  /** Name of the backend. */
  readonly name: string
  readonly adapter: 'openai' | 'ollama' | 'anthropic'
  /** Where it is unless `api_base` says so; a hosted one, whose models the config therefore lists. */
  readonly hostedUrl?: string
  /** Where it is unless `api_base` says so; one's own. */
  readonly localUrl?: string
  /** The variable from which LiteLLM takes the address when the config has none. */
  readonly urlVariable?: string
  /** The variable from which LiteLLM takes the key when the config has none. */
  readonly keyVariable?: string
  /** LiteLLM adds it to an `api_base` that does not end so. */
  readonly urlEnding?: string
}

const hosted = (
  name: string,
  hostedUrl: string,
  keyVariable: string,
  adapter: Provider['adapter'] = 'openai',
): Provider => ({
  name,
  adapter,
  hostedUrl,
  keyVariable,
})

const own = (name: string, more: Partial<Provider> = {}): Provider => ({ name, adapter: 'openai', ...more })

const ollama: Provider = { name: 'ollama', adapter: 'ollama', localUrl: 'http://127.0.0.1:11434' }
const openai = hosted('openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY')

const providers: Readonly<Record<string, Provider>> = {
  openai,
  'text-completion-openai': openai,
  custom_openai: own('server'),
  openai_like: own('server'),
  aiohttp_openai: own('server'),
  litellm_proxy: own('litellm', {
    urlVariable: 'LITELLM_PROXY_API_BASE',
    keyVariable: 'LITELLM_PROXY_API_KEY',
  }),
  ollama,
  ollama_chat: ollama,
  hosted_vllm: own('vllm', { urlVariable: 'HOSTED_VLLM_API_BASE' }),
  lm_studio: own('lmstudio', { urlVariable: 'LM_STUDIO_API_BASE' }),
  llamafile: own('llamafile', { localUrl: 'http://127.0.0.1:8080/v1' }),
  xinference: own('xinference', { localUrl: 'http://127.0.0.1:9997/v1' }),
  // With an address of its own it is Text Generation Inference; without one it is routed in ways of its own.
  huggingface: own('tgi', { urlEnding: '/v1' }),
  anthropic: hosted('anthropic', 'https://api.anthropic.com', 'ANTHROPIC_API_KEY', 'anthropic'),
  cerebras: hosted('cerebras', 'https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'),
  deepinfra: hosted('deepinfra', 'https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'),
  deepseek: hosted('deepseek', 'https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'),
  fireworks_ai: hosted('fireworks', 'https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY'),
  groq: hosted('groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
  mistral: hosted('mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY'),
  nvidia_nim: hosted('nvidia', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM_API_KEY'),
  openrouter: hosted('openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  perplexity: hosted('perplexity', 'https://api.perplexity.ai', 'PERPLEXITYAI_API_KEY'),
  sambanova: hosted('sambanova', 'https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'),
  together_ai: hosted('together', 'https://api.together.xyz/v1', 'TOGETHER_API_KEY'),
  xai: hosted('xai', 'https://api.x.ai/v1', 'XAI_API_KEY'),
}

/** Models that LiteLLM knows as OpenAI's without being told. */
const openaiNames = /^(gpt-|chatgpt-|o\d|ft:gpt-|text-embedding-|davinci|babbage|\*$)/

export interface NamedModel {
  /** LiteLLM's own word for the provider. */
  readonly provider: string
  /** The model's name there; `*` for all of them. */
  readonly model: string
}

/** Undefined when only LiteLLM's list of all models would say whose it is. */
export const splitModel = (text: string, customProvider: string | undefined): NamedModel | undefined => {
  const slash = text.indexOf('/')
  const prefix = text.slice(0, Math.max(0, slash))
  if (customProvider !== undefined)
    return { provider: customProvider, model: prefix === customProvider ? text.slice(slash + 1) : text }
  if (slash > 0) return { provider: prefix, model: text.slice(slash + 1) }
  return openaiNames.test(text) ? { provider: 'openai', model: text } : undefined
}

/** Undefined for a provider whose API mcpd has no adapter for. */
export const findProvider = (name: string): Provider | undefined =>
  Object.hasOwn(providers, name) ? providers[name] : undefined
