// Random pickles for tests: most of their opcodes make sense where they stand, some do not, and some streams are
// damaged afterwards.

const names = ['os', 'system', 'a.b', 'ünï', 'x y', 'builtins', 'eval', '__main__', 'A', 'm\t', 'ｏｓ']
const protocols = [0, 1, 2, 3, 4, 5]

/** @param random  numbers from 0 to 1 */
export function randomPickle(random: () => number): Buffer {
  const pieces: Buffer[] = []
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const below = (limit: number) => Math.floor(random() * limit)
  /** What is thought to be on the stack: `g` something imported, `o` an object, `t` a tuple, `s` a text, … */
  const stack: string[] = []
  const marks: number[] = []
  let written = 0

  const emit = (...parts: (string | number | Buffer)[]) => {
    for (const part of parts)
      pieces.push(
        typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
      )
  }
  const little = (value: number, bytes: number) => {
    const buffer = Buffer.alloc(bytes)
    buffer.writeUIntLE(value, 0, Math.min(6, bytes))
    return buffer
  }
  const since = () => stack.length - (marks.at(-1) ?? 0)
  const popMark = () => {
    stack.length = marks.pop() ?? 0
  }

  const text = (value = pick(names)) => {
    const bytes = Buffer.from(value)
    const isPlain = /^[\x20-\x7e]*$/.test(value)
    switch (below(isPlain ? 7 : 3)) {
      case 0:
        emit(0x8c, bytes.length, bytes)
        break
      case 1:
        emit('X', little(bytes.length, 4), bytes)
        break
      case 2:
        emit(0x8d, little(bytes.length, 8), bytes)
        break
      case 3:
        emit('U', bytes.length, bytes)
        break
      case 4:
        emit('T', little(bytes.length, 4), bytes)
        break
      case 5:
        emit(`V${value.replace(/[a-m]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`)
        break
      default: {
        const quote = pick(["'", '"'])
        emit(
          `S${quote}${value.replace(/[a-m]/g, (sign) => pick([sign, `\\x${sign.charCodeAt(0).toString(16)}`, `\\${sign.charCodeAt(0).toString(8)}`]))}${quote}\n`,
        )
      }
    }
    stack.push('s')
  }

  const data: (() => void)[] = [
    () => (
      emit(
        pick([
          'N',
          '\x88',
          '\x89',
          'I00\n',
          'I01\n',
          'I-12\n',
          'I0x1f\n',
          'L12L\n',
          'L-3\n',
          'F1.5\n',
          'F-1e3\n',
          'I 7\n',
        ]),
      ),
      stack.push('n')
    ),
    () => (emit('K', below(256)), stack.push('n')),
    () => (emit('M', little(below(65536), 2)), stack.push('n')),
    () => (emit('J', little(below(2 ** 31), 4)), stack.push('n')),
    () => (emit('G', Buffer.alloc(8, below(64))), stack.push('n')),
    () => {
      const length = below(9)
      emit(0x8a, length, Buffer.from(Array.from({ length }, () => below(256))))
      stack.push('n')
    },
    () => (emit(0x8b, little(3, 4), 'abc'), stack.push('n')),
    () => text(),
    () => (emit('C', 4, 'abcd'), stack.push('b')),
    () => (emit('B', little(30, 4), Buffer.alloc(30, 65)), stack.push('b')),
    () => (emit(0x8e, little(2, 8), 'xy'), stack.push('b')),
    () => (emit(0x96, little(2, 8), 'xy'), stack.push('b')),
    () => (emit(']'), stack.push('l')),
    () => (emit('}'), stack.push('d')),
    () => (emit(0x8f), stack.push('e')),
    () => (emit(')'), stack.push('t')),
  ]
  const imports: (() => void)[] = [
    () => (emit('c', Buffer.from(`${pick(names)}\n${pick(names)}\n`)), stack.push('g')),
    () => {
      text()
      if (random() < 0.3) emit(0x94), written++
      text()
      emit(0x93)
      stack.length--
      stack[stack.length - 1] = 'g'
    },
  ]
  const top = (...kinds: string[]) =>
    since() >= kinds.length &&
    kinds.every((each, at) => each === '*' || each.includes(stack[stack.length - kinds.length + at] ?? ''))
  const replace = (taken: number, given: string) => {
    stack.length -= taken
    stack.push(given)
  }

  const others: (() => void)[] = [
    () => (emit('('), marks.push(stack.length)),
    () => top('*') && (emit('2'), stack.push(stack.at(-1) ?? 'n')),
    () => since() > 0 && (emit('0'), stack.pop()),
    () => marks.length > 0 && (emit('1'), popMark()),
    () => marks.length > 0 && (emit('t'), popMark(), stack.push('t')),
    () => marks.length > 0 && (emit('l'), popMark(), stack.push('l')),
    () => marks.length > 0 && since() % 2 === 0 && (emit('d'), popMark(), stack.push('d')),
    () => marks.length > 0 && (emit(0x91), popMark(), stack.push('f')),
    () => top('*') && (emit(0x85), replace(1, 't')),
    () => top('*', '*') && (emit(0x86), replace(2, 't')),
    () => top('*', '*', '*') && (emit(0x87), replace(3, 't')),
    () => top('lo', '*') && (emit('a'), stack.pop()),
    () => top('do', '*', '*') && (emit('s'), stack.splice(-2)),
    () => marks.length > 0 && /[lo]/.test(stack[(marks.at(-1) ?? 0) - 1] ?? '') && (emit('e'), popMark()),
    () => marks.length > 0 && /[eo]/.test(stack[(marks.at(-1) ?? 0) - 1] ?? '') && (emit(0x90), popMark()),
    () =>
      marks.length > 0 &&
      since() % 2 === 0 &&
      /[do]/.test(stack[(marks.at(-1) ?? 0) - 1] ?? '') &&
      (emit('u'), popMark()),
    () => top('go', 't') && (emit('R'), replace(2, 'o')),
    () => top('g', 't') && (emit(0x81), replace(2, 'o')),
    () => top('g', 't', 'd') && (emit(0x92), replace(3, 'o')),
    () => top('o', '*') && (emit('b'), stack.pop()),
    () =>
      marks.length > 0 && since() > 0 && stack[marks.at(-1) ?? 0] === 'g' && (emit('o'), popMark(), stack.push('o')),
    () => marks.length > 0 && (emit('i', Buffer.from('mod\nName\n')), popMark(), stack.push('o')),
    () => (emit('Pid\n'), stack.push('o')),
    () => top('*') && (emit('Q'), replace(1, 'o')),
    () => top('*') && (emit(0x94), written++),
    () => top('*') && (emit('q', written), written++),
    () => top('*') && (emit('r', little(pick([written, 3, 700, 100_000]), 4)), written++),
    () =>
      top('*') &&
      (emit(`p${pick([`${written}`, ' 7 ', '+3', '1_1', '007', '00000000000000000000000002'])}\n`), written++),
    () => written > 0 && (emit('h', below(written)), stack.push('o')),
    () => written > 0 && (emit('j', little(pick([below(written), 3, 700, 100_000]), 4)), stack.push('o')),
    () => written > 0 && (emit(`g${pick([String(below(written)), '7', '3', '11', '2'])}\n`), stack.push('o')),
    () => emit(0x80, pick(protocols)),
    () => emit(0x95, little(random() < 0.9 ? 0 : below(9), 8)),
  ]

  if (random() < 0.7) emit(0x80, pick(protocols))
  for (let left = 3 + below(60); left > 0; left--) {
    const group = random()
    if (group < 0.35) pick(data)()
    else if (group < 0.5) pick(imports)()
    else pick(others)()
  }
  while (marks.length > 0) {
    emit('t')
    popMark()
    stack.push('t')
  }
  if (stack.length === 0) emit('N')
  emit('.')
  return damaged(Buffer.concat(pieces), random)
}

/** A fifth of the pickles: a byte changed, some left out, or the end cut off. */
function damaged(pickle: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * pickle.length)
  const what = random()
  if (what < 0.1) pickle[at] = Math.floor(random() * 256)
  if (what >= 0.1 && what < 0.15) return Buffer.concat([pickle.subarray(0, at), pickle.subarray(at + 1)])
  if (what >= 0.15 && what < 0.2) return pickle.subarray(0, at)
  return pickle
}
