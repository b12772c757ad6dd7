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

  /** Writes something that leaves a value. */
  const push = (given: string, ...parts: Parameters<typeof emit>) => {
    emit(...parts)
    stack.push(given)
  }
  /** Writes something that takes the topmost values and leaves another, or none. */
  const replace = (taken: number, given: string, opcode: string | number) => {
    emit(opcode)
    stack.length -= taken
    if (given !== '') stack.push(given)
  }
  /** Writes something that takes everything above the mark, and what is below it when `given` says what remains. */
  const close = (given: string, ...parts: Parameters<typeof emit>) => {
    emit(...parts)
    popMark()
    if (given !== '') stack.push(given)
  }
  const remember = (...parts: Parameters<typeof emit>) => {
    emit(...parts)
    written++
  }

  const data: (() => void)[] = [
    () =>
      push(
        'n',
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
    () => push('n', 'K', below(256)),
    () => push('n', 'M', little(below(65536), 2)),
    () => push('n', 'J', little(below(2 ** 31), 4)),
    () => push('n', 'G', Buffer.alloc(8, below(64))),
    () => {
      const length = below(9)
      push('n', 0x8a, length, Buffer.from(Array.from({ length }, () => below(256))))
    },
    () => push('n', 0x8b, little(3, 4), 'abc'),
    () => text(),
    () => push('b', 'C', 4, 'abcd'),
    () => push('b', 'B', little(30, 4), Buffer.alloc(30, 65)),
    () => push('b', 0x8e, little(2, 8), 'xy'),
    () => push('b', 0x96, little(2, 8), 'xy'),
    () => push('l', ']'),
    () => push('d', '}'),
    () => push('e', 0x8f),
    () => push('t', ')'),
  ]
  const imports: (() => void)[] = [
    () => push('g', 'c', Buffer.from(`${pick(names)}\n${pick(names)}\n`)),
    () => {
      text()
      if (random() < 0.3) remember(0x94)
      text()
      replace(2, 'g', 0x93)
    },
  ]
  const top = (...kinds: string[]) =>
    since() >= kinds.length &&
    kinds.every((each, at) => each === '*' || each.includes(stack[stack.length - kinds.length + at] ?? ''))
  const isMarked = () => marks.length > 0
  /** What lies below the mark. */
  const isAbove = (kinds: string) => isMarked() && kinds.includes(stack[(marks.at(-1) ?? 0) - 1] ?? '?')

  /** Each opcode with when it makes sense. */
  const others: (readonly [isFitting: () => boolean, write: () => void])[] = [
    [
      () => true,
      () => {
        emit('(')
        marks.push(stack.length)
      },
    ],
    [() => top('*'), () => push(stack.at(-1) ?? 'n', '2')],
    [() => since() > 0, () => replace(1, '', '0')],
    [isMarked, () => close('', '1')],
    [isMarked, () => close('t', 't')],
    [isMarked, () => close('l', 'l')],
    [() => isMarked() && since() % 2 === 0, () => close('d', 'd')],
    [isMarked, () => close('f', 0x91)],
    [() => top('*'), () => replace(1, 't', 0x85)],
    [() => top('*', '*'), () => replace(2, 't', 0x86)],
    [() => top('*', '*', '*'), () => replace(3, 't', 0x87)],
    [() => top('lo', '*'), () => replace(1, '', 'a')],
    [() => top('do', '*', '*'), () => replace(2, '', 's')],
    [() => isAbove('lo'), () => close('', 'e')],
    [() => isAbove('eo'), () => close('', 0x90)],
    [() => isAbove('do') && since() % 2 === 0, () => close('', 'u')],
    [() => top('go', 't'), () => replace(2, 'o', 'R')],
    [() => top('g', 't'), () => replace(2, 'o', 0x81)],
    [() => top('g', 't', 'd'), () => replace(3, 'o', 0x92)],
    [() => top('o', '*'), () => replace(1, '', 'b')],
    [() => isMarked() && since() > 0 && stack[marks.at(-1) ?? 0] === 'g', () => close('o', 'o')],
    [isMarked, () => close('o', 'i', 'mod\nName\n')],
    [() => true, () => push('o', 'Pid\n')],
    [() => top('*'), () => replace(1, 'o', 'Q')],
    [() => top('*'), () => remember(0x94)],
    [() => top('*'), () => remember('q', written)],
    [() => top('*'), () => remember('r', little(pick([written, 3, 700, 100_000]), 4))],
    [
      () => top('*'),
      () => remember(`p${pick([`${written}`, ' 7 ', '+3', '1_1', '007', '00000000000000000000000002'])}\n`),
    ],
    [() => written > 0, () => push('o', 'h', below(written))],
    [() => written > 0, () => push('o', 'j', little(pick([below(written), 3, 700, 100_000]), 4))],
    [() => written > 0, () => push('o', `g${pick([String(below(written)), '7', '3', '11', '2'])}\n`)],
    [() => true, () => emit(0x80, pick(protocols))],
    [() => true, () => emit(0x95, little(random() < 0.9 ? 0 : below(9), 8))],
  ]

  if (random() < 0.7) emit(0x80, pick(protocols))
  for (let left = 3 + below(60); left > 0; left--) {
    const group = random()
    if (group < 0.35) pick(data)()
    else if (group < 0.5) pick(imports)()
    else {
      const [isFitting, write] = pick(others)
      if (isFitting()) write()
    }
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
