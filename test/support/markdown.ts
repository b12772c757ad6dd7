// What the tests of the documentation read in a Markdown page: its code blocks, its tables, and the commands in them.

export interface CodeBlock {
  readonly language: string
  readonly text: string
}

export function codeBlocks(page: string, languages: readonly string[]): CodeBlock[] {
  return Array.from(page.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, language = '', text = '']) => ({
    language,
    text,
  })).filter(({ language }) => languages.includes(language))
}

/** The rows of all tables whose first heading is `heading`, as cells. A `|` inside of code does not end a cell. */
export function tableRows(page: string, heading: string): string[][] {
  const rows: string[][] = []
  let isInTable = false
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) isInTable = false
    else if (cellsOf(line)[0] === heading) isInTable = true
    else if (isInTable && !/^\|[\s|:-]+\|$/.test(line)) rows.push(cellsOf(line))
  }
  return rows
}

function cellsOf(line: string): string[] {
  const inside = line.replace(/^\|/, '').replace(/\|\s*$/, '')
  return Array.from(inside.matchAll(/((?:`[^`]*`|[^|`])*)(?:\||$)/g), ([, cell = '']) => cell.trim())
}

export interface Command {
  /** `keys`. */
  readonly name: string
  /** What stands between the name and the end and is no option: `create`. */
  readonly words: readonly string[]
  readonly options: readonly string[]
  /** As it is written, without `holdfast`. */
  readonly text: string
}

/**
 * The calls of `holdfast` in a shell script, also behind variables, `runuser … --` and the like.
 *
 * @param isConsole only lines with a prompt (`$ `) are commands; the others are what was printed
 */
export function commandsIn(script: string, isConsole: boolean): Command[] {
  const lines = script.replaceAll('\\\n', ' ').split('\n')
  const typed = isConsole ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : lines
  return typed.flatMap((line) => {
    const text = /(?<![\w/.-])(?:bin\/)?holdfast +([a-z].*)$/.exec(withoutComment(line))?.[1]
    return text === undefined ? [] : [parseCommand(text)]
  })
}

function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '')
}

function parseCommand(text: string): Command {
  const tokens = text.match(/'[^']*'|"[^"]*"|[|&;<>()]|[^\s'"|&;<>()]+/g) ?? []
  const end = tokens.findIndex((token) => /^[|&;<>()]$/.test(token))
  const [name = '', ...rest] = end < 0 ? tokens : tokens.slice(0, end)
  return {
    name,
    words: rest.filter((token) => !token.startsWith('-')),
    options: rest.filter((token) => token.startsWith('-')).map((token) => token.split('=', 1)[0] ?? token),
    text: text.trim(),
  }
}
