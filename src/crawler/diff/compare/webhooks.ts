import type { Comparison } from './collector.ts'
import { comparePathItems, itemsOf } from './path-items.ts'

/** Webhooks: the server sends the request, so what is input elsewhere is output here. */
export const compareWebhooks = (comparison: Comparison): void => {
  const before = itemsOf(comparison.base, comparison.base.document['webhooks'], '/webhooks')
  const after = itemsOf(comparison.revision, comparison.revision.document['webhooks'], '/webhooks')
  for (const side of before) {
    const other = after.find(({ path }) => path === side.path)
    if (other) comparePathItems(comparison, side, other, 'webhook', 'server')
    else
      comparison.add(
        {
          kind: 'webhook-removed',
          area: 'webhook',
          effect: 'narrowed',
          subject: `webhook "${side.path}"`,
          base: side.pointer,
        },
        { name: side.path, tags: [], sender: 'server' },
      )
  }
  for (const side of after)
    if (!before.some(({ path }) => path === side.path))
      comparison.add(
        {
          kind: 'webhook-added',
          area: 'webhook',
          effect: 'widened',
          subject: `webhook "${side.path}"`,
          revision: side.pointer,
        },
        { name: side.path, tags: [], sender: 'server' },
      )
}
