/** Reads both clocks in a row, several times over: the first calls of a thread take longer than what is measured. */
const differenceMs = (): number => {
  let narrowestMs = Number.POSITIVE_INFINITY
  let difference = 0
  for (let attempt = 0; attempt < 32; attempt += 1) {
    const before = Number(process.hrtime.bigint()) / 1e6
    const own = performance.now()
    const widthMs = Number(process.hrtime.bigint()) / 1e6 - before
    if (widthMs >= narrowestMs) continue
    narrowestMs = widthMs
    difference = before + widthMs / 2 - own
  }
  return difference
}

const offsetMs = differenceMs()

/**
 * One clock for every thread and process of a machine: milliseconds of CLOCK_MONOTONIC, to the microsecond.
 * `performance.now()` counts from the start of its own thread, so each thread adds the difference once.
 */
export const monotonicMs = (): number => performance.now() + offsetMs

const epochOffsetMs = Date.now() - monotonicMs()

/** The same moment in milliseconds since 1970, to date things by; no difference of times is ever taken from it. */
export const epochMsOf = (ms: number): number => ms + epochOffsetMs
