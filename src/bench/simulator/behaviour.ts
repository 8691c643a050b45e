import { createRandom, normal } from '../random.ts'

/** How the simulator answers; what a request carries as `sim` overrides what it was started with. */
export interface Behaviour {
  /** From the request's last byte to the first token. */
  readonly ttftMs: number
  /** Mean time between tokens, and the coefficient of variation of its lognormal distribution. */
  readonly gapMs: number
  readonly gapCv: number
  /** Tokens in one event. */
  readonly bundle: number
  /** Tokens of reasoning before the output, part of all tokens. */
  readonly reasoningTokens: number
  readonly usage: 'end' | 'each' | 'none'
  /** `mix` goes through all of them, request by request. */
  readonly fault: SimulatedFault | 'mix' | 'none'
  readonly lineEnd: 'lf' | 'crlf'
  /** Whether an event is sent in two writes, cut inside of its JSON. */
  readonly split: boolean
}

/** Each is named after the class that a client has to give it. */
export const simulatedFaults = [
  'reset-before',
  'reset-mid',
  'timeout',
  'http_4xx',
  'http_429',
  'http_5xx',
  'sse_error_event',
  'truncated',
  'bad_json',
  'empty',
] as const
export type SimulatedFault = (typeof simulatedFaults)[number]

export const defaultBehaviour: Behaviour = {
  ttftMs: 50,
  gapMs: 20,
  gapCv: 0.3,
  bundle: 1,
  reasoningTokens: 0,
  usage: 'end',
  fault: 'none',
  lineEnd: 'lf',
  split: false,
}

/** When each event is due, in ms from the request: an absolute schedule, so that one late event moves no other. */
export const eventTimes = (tokens: number, behaviour: Behaviour, seed: number): number[] => {
  const { ttftMs, gapMs, gapCv, bundle } = behaviour
  const random = createRandom(seed)
  // Of a lognormal with this mean and variation.
  const sigma = Math.sqrt(Math.log(1 + gapCv ** 2))
  const mu = Math.log(Math.max(gapMs, 1e-9)) - sigma ** 2 / 2
  const events = Math.max(1, Math.ceil(tokens / bundle))
  const times: number[] = []
  for (let event = 0, atMs = ttftMs; event < events; event += 1) {
    times.push(atMs)
    atMs += gapMs === 0 ? 0 : bundle * Math.exp(mu + sigma * normal(random))
  }
  return times
}
