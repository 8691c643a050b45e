import type { ContextAbout } from '../../../../core/context.ts'

/** JSONB refuses NULs and lone surrogates: they, and what announces them, are written as their numbers. */
const escaped = (tag: string): string =>
  // oxlint-disable-next-line no-control-regex -- it is what PostgreSQL refuses
  tag.replaceAll(/[\u0000%]|\p{Surrogate}/gu, (character) => `%${character.charCodeAt(0).toString(16)}.`)

/** Tags as JSON that a context can be found by: two tags are the same text if and only if they are equal. */
export const tagsOf = ({ tags = [] }: Pick<ContextAbout, 'tags'>): string => JSON.stringify(tags.map(escaped))
