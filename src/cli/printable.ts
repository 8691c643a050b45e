/**
 * Text of a model, a backend or a log without control characters but tab and line feed: on a terminal they could
 * move the cursor, rewrite what was printed before, or set the clipboard.
 */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
