import type { Progress } from '../bench/run.ts'
import { type Live, openLiveScreen } from './live-screen.ts'

export const openLive = (output: NodeJS.WriteStream | undefined): Live<Progress> =>
  openLiveScreen(output, async () => (await import('./bench-screen.ts')).openBenchScreen)
