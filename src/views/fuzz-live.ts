import type { FuzzProgress } from '../fuzz/result.ts'
import { type Live, openLiveScreen } from './live-screen.ts'

export const openFuzzLive = (output: NodeJS.WriteStream | undefined): Live<FuzzProgress> =>
  openLiveScreen(output, async () => (await import('./fuzz-screen.ts')).openFuzzScreen)
