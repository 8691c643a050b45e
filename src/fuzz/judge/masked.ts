import { isObject, type Json, memberOf } from '../../openapi/json.ts'

const textMax = 160

/** A text without what differs each time: ids, times, numbers, quoted values. */
export const masked = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '#')
    .replaceAll(/\d{4}-\d\d-\d\d[t ][\d:.]+(z|[+-]\d\d:?\d\d)?/gi, '#')
    .replaceAll(/\b[0-9a-f]{12,}\b/gi, '#')
    .replaceAll(/'[^']{0,200}'|"[^"]{0,200}"|`[^`]{0,200}`/g, "'#'")
    .replaceAll(/-?\d+(\.\d+)?/g, '#')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, textMax)

const telling = ['code', 'type', 'title', 'error', 'message', 'detail', 'reason', 'name']

/** What an error answer says of itself: its telling members, else its text. */
export const errorText = (answer: Json | undefined, body: string): string => {
  const parts: string[] = []
  const gather = (value: Json | undefined, depth: number): void => {
    if (!isObject(value) || depth > 2) return
    for (const name of telling) {
      const member = memberOf(value, name)
      if (typeof member === 'string') parts.push(member)
      else if (isObject(member)) gather(member, depth + 1)
    }
  }
  gather(answer, 0)
  return masked(parts.length > 0 ? parts.join(' | ') : body.replaceAll(/<[^>]*>/g, ' '))
}

/** How a service refuses, without the words that depend on the value: status, and code or title where it has one. */
export const refusalSign = (status: number, answer: Json | undefined): string => {
  const error = isObject(answer) && isObject(answer['error']) ? answer['error'] : answer
  for (const name of ['code', 'type', 'error', 'title']) {
    const member = memberOf(error, name)
    if (typeof member === 'string' && member.length <= 60 && !/\d{3,}/.test(member))
      return `${status} ${masked(member)}`
  }
  return String(status)
}
