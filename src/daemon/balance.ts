import { createHash } from 'node:crypto'
import type { Strategy } from '../core/config-schema.ts'
import type { Backend } from './backend.ts'

/** A model of a backend that a request may go to. */
export interface Target {
  readonly backend: Backend
  /** The backend's own name for the model. */
  readonly model: string
  readonly weight: number
}

export interface Choice {
  readonly strategy: Strategy
  /** What a sticky choice goes by. */
  readonly key: string | undefined
  /** 0 ≤ n < 1. */
  readonly random: () => number
}

/** Why a target is passed over while others are there; undefined when it is not. */
export const whyPassedOver = ({ backend }: Target): string | undefined => {
  if (backend.breaker.state === 'open') return 'its circuit is open'
  if (!backend.health.ok) return `it is not healthy: ${backend.health.detail ?? 'no reason given'}`
  return undefined
}

/**
 * Picks one of the targets, of which there is at least one. Those passed over are taken only when all are. A target
 * of weight 0 is a reserve: taken only when the others are passed over. One whose circuit has rested long enough gets
 * the next request as its probe, else a group that does without it would never learn that it is back.
 */
export const pick = (targets: readonly Target[], choice: Choice): Target => {
  const [only] = targets
  if (targets.length === 1) return only!
  const probe = targets.find(({ backend, weight }) => weight > 0 && backend.breaker.wantsProbe)
  if (probe && choice.strategy !== 'sticky') return probe
  const able = targets.filter((target) => whyPassedOver(target) === undefined)
  const regular = able.filter(({ weight }) => weight > 0)
  const candidates = regular.length > 0 ? regular : able.length > 0 ? able : targets
  switch (choice.strategy) {
    case 'least-busy':
      return least(candidates, ({ backend }) => busy(backend))
    case 'weighted':
      return byWeight(candidates, choice.random)
    case 'sticky':
      if (choice.key !== undefined) return rendezvous(candidates, choice.key)
      return betterOfTwo(candidates, choice.random)
    case 'p2c':
      return betterOfTwo(candidates, choice.random)
  }
}

const busy = ({ queue }: Backend): number => queue.inFlight + queue.waiting

/** Expected wait: latency times how many stand before. A target that was never seen is tried first. */
export const cost = ({ backend, weight }: Target): number =>
  ((backend.latency.valueMs + 0.001) * (busy(backend) + 1)) / Math.max(weight, 0.001)

const least = (targets: readonly Target[], measure: (target: Target) => number): Target =>
  targets.reduce((best, target) => (measure(target) < measure(best) ? target : best))

/** Power of two choices: near the best choice, without all requests falling on the same best target at once. */
const betterOfTwo = (targets: readonly Target[], random: () => number): Target => {
  const first = Math.floor(random() * targets.length)
  const second = (first + 1 + Math.floor(random() * (targets.length - 1))) % targets.length
  return least([targets[first]!, targets[second]!], cost)
}

const byWeight = (targets: readonly Target[], random: () => number): Target => {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return targets[Math.floor(random() * targets.length)]!
  let left = random() * total
  for (const target of targets) {
    left -= target.weight
    if (left < 0) return target
  }
  return targets.at(-1)!
}

/** Highest random weight: when a target goes, only its own keys move. */
const rendezvous = (targets: readonly Target[], key: string): Target =>
  least(targets, ({ backend, model, weight }) => {
    const digest = createHash('sha256').update(`${backend.name}/${model}\0${key}`).digest()
    const uniform = (digest.readUInt32BE(0) + 1) / 2 ** 32
    return -Math.log(uniform) / Math.max(weight, 0.001)
  })
