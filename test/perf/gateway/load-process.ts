import { type Load, runLoad } from './load.ts'

// The load in a process of its own, so that it takes no time from what orders it. One load per message.
process.on('message', (load: Load) => {
  void runLoad(load).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit(0))
