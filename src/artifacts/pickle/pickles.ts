// Writes pickles for tests, opcode by opcode.

type Part = Buffer | string | number

/** Opcodes as bytes or Latin-1 text, one after the other. */
export function opcodes(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
    ),
  )
}

/** A protocol 4 stream without frames. */
export function pickled(...parts: readonly Part[]): Buffer {
  return opcodes(0x80, 4, ...parts, '.')
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return opcodes('X', length, bytes)
}

export function bytes(value: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(value.length)
  return opcodes('B', length, value)
}

export function integer(value: number): Buffer {
  const content = Buffer.alloc(4)
  content.writeInt32LE(value)
  return opcodes('J', content)
}

/** `module:name` */
export function name(path: string): Buffer {
  const [module = '', attribute = ''] = path.split(':')
  return opcodes(text(module), text(attribute), 0x93)
}

export function tuple(...parts: readonly Part[]): Buffer {
  return opcodes('(', ...parts, 't')
}

export function list(...parts: readonly Part[]): Buffer {
  return opcodes('](', ...parts, 'e')
}

/** Keys and values in turn. */
export function dictionary(...parts: readonly Part[]): Buffer {
  return opcodes('}(', ...parts, 'u')
}

/** Calls what `path` names. */
export function call(path: string, ...args: readonly Part[]): Buffer {
  return opcodes(name(path), tuple(...args), 'R')
}

/** Makes an object without its constructor and gives it a state. */
export function object(path: string, ...state: readonly Part[]): Buffer {
  const made = opcodes(name(path), ')', 0x81)
  return state.length === 0 ? made : opcodes(made, ...state, 'b')
}

export const none = 'N'
