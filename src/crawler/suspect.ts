import type { Found } from './sources/source.ts'

/** Why an answer is rather a mishap of the server than the document; undefined when it is no page. */
export const pageProblem = ({ raw, mediaType, location }: Found): string | undefined => {
  const start = raw
    .subarray(0, 2048)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart()
  const isPage = /^<(!doctype|html|head|body|\?xml|!--)/i.test(start)
  if (!isPage && !(mediaType?.startsWith('text/html') && start.startsWith('<'))) return undefined
  const text = raw.subarray(0, 256 * 1024).toString('utf8')
  const asksToLogIn = /type=["']?password|log ?in|sign ?in|single sign-on/i.test(text)
  return `${location} answered a ${asksToLogIn ? 'login page' : 'web page'} instead of a document`
}

/** Why a document is doubted that has lost more than half of its operations since the newest one that is stored. */
export const shrinkProblem = (operations: number, before: number): string | undefined =>
  operations * 2 < before ? `${before - operations} of ${before} operations are gone` : undefined
