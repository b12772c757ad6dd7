// Values of the machine as a person reads them: what would be called with what.
import { shown } from '../text.ts'
import type { Global } from './globals.ts'
import { kind, type Value } from './values.ts'

/** What wording needs to know of a value. */
export interface Named {
  globalOf(value: Value): Global | undefined
  textOf(value: Value): string | undefined
}

const maxArguments = 6

/** `os.system('id')`. */
export function callText(named: Named, callee: Value, args: readonly Value[] | undefined): string {
  const list =
    args === undefined
      ? '…'
      : args
          .slice(0, maxArguments)
          .map((each) => valueText(named, each))
          .join(', ')
  return `${valueText(named, callee)}(${list})`
}

export function valueText(named: Named, value: Value): string {
  switch (value.kind) {
    case kind.global:
      return shown(named.globalOf(value)?.path ?? '?')
    case kind.instance:
    case kind.held:
      return `${shown(named.globalOf(value)?.path ?? '?')} object`
    case kind.text:
      return `'${shown(named.textOf(value) ?? '…', 60)}'`
    case kind.integer:
      return String(value.value)
    case kind.tuple:
      return '(…)'
    case kind.list:
      return '[…]'
    case kind.dict:
      return '{…}'
    case kind.bytes:
    case kind.encoded:
      return 'b…'
    default:
      return '…'
  }
}
