import type { ContextAbout } from '../../../core/context.ts'
import type { Annotation } from '../../../core/journal.ts'

/** What is said about a context after a change: null takes away, what is absent stays. */
export const annotated = (about: ContextAbout, change: Annotation): ContextAbout => {
  const title = change.title === undefined ? about.title : change.title
  const metadata = change.metadata === undefined ? about.metadata : change.metadata
  const tags = change.tags ?? about.tags
  const pinned = change.pinned ?? about.pinned
  return {
    ...(title !== undefined && title !== null && { title }),
    ...(tags && tags.length > 0 && { tags }),
    ...(metadata !== undefined && metadata !== null && { metadata }),
    ...(pinned && { pinned }),
  }
}
