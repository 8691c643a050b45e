import {
  e2e,
  e2eFromSchedule,
  isOk,
  type RequestRecord,
  tpot,
  ttft,
  ttftFromSchedule,
} from '../measure/record.ts'
import { quantile, sorted } from '../percentile.ts'
import { gaps } from './metrics.ts'

/** Values at the shares of `curveShares`; empty without values. */
export type Curve = readonly number[]

export interface Curves {
  readonly shares: readonly number[]
  readonly ttftMs: Curve
  readonly ttftFromScheduleMs: Curve
  readonly e2eMs: Curve
  readonly e2eFromScheduleMs: Curve
  readonly tpotMs: Curve
  readonly iclMs: Curve
}

/** Even steps through the body, then ever finer ones through the tail. */
const curveShares: readonly number[] = [
  ...Array.from({ length: 90 }, (_, at) => at / 100),
  ...Array.from({ length: 31 }, (_, at) => Number((1 - 10 ** (-1 - at / 10)).toFixed(6))),
]

/** Distributions, thinned out for drawing. Nothing is extrapolated: shares finer than the values are left out. */
export const curvesOf = (records: readonly RequestRecord[]): Curves => {
  const good = records.filter(isOk)
  const curve = (values: Float64Array): Curve => {
    const finest = 1 - 1 / Math.max(1, values.length)
    return values.length === 0
      ? []
      : curveShares.filter((share) => share <= finest).map((share) => quantile(values, share))
  }
  const of = (time: (record: RequestRecord) => number | undefined): Curve =>
    curve(sorted(good.map(time).filter((ms) => ms !== undefined)))
  return {
    shares: curveShares,
    ttftMs: of(ttft),
    ttftFromScheduleMs: of(ttftFromSchedule),
    e2eMs: of(e2e),
    e2eFromScheduleMs: of(e2eFromSchedule),
    tpotMs: of(tpot),
    iclMs: curve(gaps(good)),
  }
}
