/**
 * Where tests let a daemon die: `MCPD_FAILPOINT=NAME` kills the process the first time it comes by, `NAME@7` the
 * seventh time; `NAME=crash` or `NAME@7=crash` ends only the thread. Without the variable nothing happens here.
 */
export type Failpoint =
  | 'before-mark'
  | 'after-mark'
  | 'before-commit'
  | 'after-commit'
  | 'before-apply'
  | 'after-apply'
  | 'before-acknowledgement'
  | 'after-acknowledgement'
  | 'before-seal'
  | 'after-seal'
  | 'after-index'
  | 'archive-written'
  | 'archive-committed'
  | 'archive-thawed'

const [, wanted, count = '1', action] =
  /^([a-z-]+)(?:@(\d+))?(?:=(crash))?$/.exec(process.env.MCPD_FAILPOINT ?? '') ?? []

let left = Number(count)

export const failpoint = (name: Failpoint): void => {
  if (name !== wanted) return
  left -= 1
  if (left !== 0) return
  if (action === 'crash') throw new Crash(name)
  process.kill(process.pid, 'SIGKILL')
}

/** Not to be caught: a thread that has it ends. */
export class Crash extends Error {
  constructor(name: Failpoint) {
    super(`The failpoint ${name} was reached.`)
    this.name = 'Crash'
  }
}
