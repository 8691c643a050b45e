import type { Spread } from './stores.ts'

/** Figures as the cells of the result pages show them. */

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
export const ms = ({ p50, p99 }: Spread): string => `${p50.toFixed(2)} / ${p99.toFixed(2)}`
export const yes = (met: boolean): string => (met ? 'yes' : 'no')
export const kilo = (bytes: number): string => Math.round(bytes / 1000).toLocaleString('en')
