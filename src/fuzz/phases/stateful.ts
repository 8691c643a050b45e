import type { Session } from '../session.ts'
import type { Source } from './schedule.ts'

export const statefulSources = (_: Session): readonly Source[] => []
