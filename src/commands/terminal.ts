// Text of others on the way to a terminal: it must not move the cursor, set the title or turn the line around.

/** One line: control and direction characters lose their power. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** Text of several lines: newlines and tabs stay, as do the joiners that emoji and some scripts need. */
export function printableText(text: string): string {
  return text.replace(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
