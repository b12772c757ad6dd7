// The pickle machine, abstract: it keeps books of what CPython's unpickler would have on its stack and in its memo, and
// calls nothing. Opcodes and their arguments are read as Modules/_pickle.c (CPython 3.14) reads them, which is not
// always how pickletools.py does: frames are no more than a promise of bytes, PROTO may come anywhere, a line needs
// its newline, POP takes a mark when one is on top.
import { ArtifactError } from '../error.ts'
import type { Cursor } from './cursor.ts'
import { decodeQuoted, decodeRawUnicodeEscape } from './escapes.ts'
import { type Elements, kind, nothing, unknown, type Value, Values } from './values.ts'

/** Decides what each import, call and change means; see judge.ts. */
export interface Observer {
  /** @returns the number of the global from now on */
  imported(module: string, name: string, offset: number): number
  /** STACK_GLOBAL over something that is not a text: the name is known at run time only. */
  importedComputed(offset: number): Value
  extension(code: number, offset: number): Value
  /** @param args undefined when they are no longer known */
  called(callee: Value, args: readonly Value[] | undefined, opcode: CallOpcode, offset: number): Value
  /** BUILD. @returns what the stack holds from now on */
  built(target: Value, state: Value, offset: number): Value
  /** APPEND(S), ADDITEMS or SETITEM(S) on something that is no plain container. */
  filled(target: Value, opcode: 'append' | 'add' | 'setitem', offset: number): void
  /** @returns what the loader puts in its place */
  persistent(id: Value, offset: number): Value
  /** A text used as a key of a dictionary, with what it maps to. */
  keyed(key: number, item: Value): void
}

export type CallOpcode = 'REDUCE' | 'INST' | 'OBJ' | 'NEWOBJ' | 'NEWOBJ_EX'

const maxStack = 16 * 1024 * 1024
const maxLine = 1024 * 1024
const timeCheckEvery = 1 << 20

export class Machine {
  readonly cursor: Cursor
  readonly elements: Elements
  private readonly observer: Observer
  private readonly checkTime: () => void
  private readonly stack = new Values()
  private readonly memo = new Values()
  /** Memo entries far beyond the number of opcodes: only somebody who wants our memory makes them. */
  private readonly farMemo = new Map<number, Value>()
  private memoized = 0
  private readonly marks: number[] = []
  private fence = 0
  /** Opcodes read so far. */
  opcodes = 0

  constructor(cursor: Cursor, elements: Elements, observer: Observer, checkTime: () => void) {
    this.cursor = cursor
    this.elements = elements
    this.observer = observer
    this.checkTime = checkTime
  }

  /**
   * Runs one stream, to its STOP.
   *
   * @throws ArtifactError `malformed` where CPython's unpickler would give up; what came before has been observed
   */
  run(): void {
    const { cursor, stack } = this
    for (;;) {
      if ((++this.opcodes & (timeCheckEvery - 1)) === 0) this.checkTime()
      // No opcode's fixed part is longer than 9 bytes; most of the time they are all in the window.
      if (cursor.at + 9 > cursor.window.length)
        cursor.need(Math.min(9, Math.max(1, cursor.source.size - cursor.offset)))
      const { offset } = cursor
      const opcode = cursor.window[cursor.at++] ?? 0
      switch (opcode) {
        case 0x2e: // STOP
          this.pop(offset)
          return
        case 0x80: // PROTO
          if (this.byte() > 5) throw malformed('a protocol that does not exist', offset)
          break
        case 0x95: // FRAME
          if (this.long(offset) > cursor.source.size - cursor.offset) throw malformed('a frame is cut off', offset)
          break
        case 0x28: // MARK
          this.marks.push(stack.length)
          this.fence = stack.length
          break
        case 0x30: // POP
          if (this.marks.length > 0 && this.fence === stack.length) this.dropMark()
          else this.pop(offset)
          break
        case 0x31: // POP_MARK
          stack.length = this.mark(offset)
          this.dropMark()
          break
        case 0x32: // DUP
          this.requireOne(offset)
          stack.push(stack.kindAt(stack.length - 1), stack.valueAt(stack.length - 1))
          break
        case 0x4e: // NONE
        case 0x88: // NEWTRUE
        case 0x89: // NEWFALSE
          stack.push(kind.data, 0)
          break
        case 0x4b: // BININT1
          stack.push(kind.integer, this.byte())
          break
        case 0x4d: // BININT2
          this.room(2, offset)
          stack.push(kind.integer, cursor.view.getUint16(cursor.at, true))
          cursor.at += 2
          break
        case 0x4a: // BININT
          this.room(4, offset)
          stack.push(kind.integer, cursor.view.getInt32(cursor.at, true))
          cursor.at += 4
          break
        case 0x47: // BINFLOAT
          this.room(8, offset)
          cursor.at += 8
          stack.push(kind.data, 0)
          break
        case 0x8a: // LONG1
          this.whole(this.byte(), offset)
          break
        case 0x8b: // LONG4
          this.whole(this.signedLength(offset), offset)
          break
        case 0x49: // INT
        case 0x4c: // LONG
          this.writtenNumber()
          break
        case 0x46: // FLOAT
          cursor.line(maxLine)
          stack.push(kind.data, 0)
          break
        case 0x53: // STRING
        case 0x56: // UNICODE
          cursor.line(cursor.source.size)
          stack.push(kind.text, offset)
          break
        case 0x55: // SHORT_BINSTRING
        case 0x8c: // SHORT_BINUNICODE
          cursor.skip(this.byte())
          stack.push(kind.text, offset)
          break
        case 0x58: // BINUNICODE
          cursor.skip(this.unsigned(offset))
          stack.push(kind.text, offset)
          break
        case 0x54: // BINSTRING
          cursor.skip(this.signedLength(offset))
          stack.push(kind.text, offset)
          break
        case 0x8d: // BINUNICODE8
          cursor.skip(this.long(offset))
          stack.push(kind.text, offset)
          break
        case 0x43: // SHORT_BINBYTES
          cursor.skip(this.byte())
          stack.push(kind.bytes, offset)
          break
        case 0x42: // BINBYTES
          cursor.skip(this.unsigned(offset))
          stack.push(kind.bytes, offset)
          break
        case 0x8e: // BINBYTES8
        case 0x96: // BYTEARRAY8
          cursor.skip(this.long(offset))
          stack.push(kind.bytes, offset)
          break
        case 0x97: // NEXT_BUFFER
          stack.push(kind.bytes, unknown)
          break
        case 0x98: // READONLY_BUFFER
          this.requireOne(offset)
          break
        case 0x5d: // EMPTY_LIST
          stack.push(kind.list, 0)
          break
        case 0x7d: // EMPTY_DICT
          stack.push(kind.dict, nothing)
          break
        case 0x8f: // EMPTY_SET
          stack.push(kind.set, 0)
          break
        case 0x29: // EMPTY_TUPLE
          this.tuple(0)
          break
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.requireSome(opcode - 0x84, offset)
          this.tuple(opcode - 0x84)
          break
        case 0x74: // TUPLE
          this.tuple(this.popMark(offset))
          break
        case 0x6c: // LIST
          stack.length -= this.popMark(offset)
          stack.push(kind.list, 0)
          break
        case 0x91: // FROZENSET
          stack.length -= this.popMark(offset)
          stack.push(kind.data, 0)
          break
        case 0x64: // DICT
          this.dictionary(this.popMark(offset), offset)
          break
        case 0x61: // APPEND
          this.requireSome(2, offset)
          stack.length--
          this.fill(kind.list, 'append', offset)
          break
        case 0x65: // APPENDS
          this.fillFromMark(kind.list, 'append', offset)
          break
        case 0x90: // ADDITEMS
          this.fillFromMark(kind.set, 'add', offset)
          break
        case 0x73: // SETITEM
          this.requireSome(3, offset)
          this.putInto(2, offset)
          break
        case 0x75: // SETITEMS
          this.setItems(offset)
          break
        case 0x67: // GET
          this.get(this.writtenIndex(offset), offset)
          break
        case 0x68: // BINGET
          this.get(this.byte(), offset)
          break
        case 0x6a: // LONG_BINGET
          this.get(this.unsigned(offset), offset)
          break
        case 0x70: // PUT
          this.put(this.writtenIndex(offset), offset)
          break
        case 0x71: // BINPUT
          this.put(this.byte(), offset)
          break
        case 0x72: // LONG_BINPUT
          this.put(this.unsigned(offset), offset)
          break
        case 0x94: // MEMOIZE
          this.put(this.memoized, offset)
          break
        case 0x63: // GLOBAL
          stack.push(kind.global, this.observer.imported(this.lineText(offset), this.lineText(offset), offset))
          break
        case 0x93: // STACK_GLOBAL
          this.stackGlobal(offset)
          break
        case 0x69: // INST
          this.inst(offset)
          break
        case 0x6f: // OBJ
          this.obj(offset)
          break
        case 0x52: // REDUCE
          this.call('REDUCE', offset)
          break
        case 0x81: // NEWOBJ
          this.call('NEWOBJ', offset)
          break
        case 0x92: // NEWOBJ_EX
          this.requireSome(3, offset)
          stack.length--
          this.call('NEWOBJ_EX', offset)
          break
        case 0x62: // BUILD
          this.build(offset)
          break
        case 0x50: // PERSID
          cursor.line(maxLine)
          this.pushValue(this.observer.persistent({ kind: kind.text, value: offset }, offset))
          break
        case 0x51: // BINPERSID
          this.pushValue(this.observer.persistent(this.pop(offset), offset))
          break
        case 0x82: // EXT1
          this.pushValue(this.observer.extension(this.byte(), offset))
          break
        case 0x83: // EXT2
          this.room(2, offset)
          cursor.at += 2
          this.pushValue(this.observer.extension(cursor.view.getUint16(cursor.at - 2, true), offset))
          break
        case 0x84: // EXT4
          this.pushValue(this.observer.extension(this.signedLength(offset), offset))
          break
        default:
          throw malformed('not an opcode', offset)
      }
    }
  }

  /** Passes over bytes that the loader reads past the unpickler, such as an array of joblib's. */
  skipRaw(length: number): void {
    this.cursor.skip(length)
  }

  private byte(): number {
    const { cursor } = this
    if (cursor.at >= cursor.window.length) cursor.need(1)
    return cursor.window[cursor.at++] ?? 0
  }

  private room(length: number, offset: number): void {
    if (this.cursor.at + length > this.cursor.window.length) throw malformed('the pickle breaks off', offset)
  }

  private unsigned(offset: number): number {
    this.room(4, offset)
    this.cursor.at += 4
    return this.cursor.view.getUint32(this.cursor.at - 4, true)
  }

  private signedLength(offset: number): number {
    this.room(4, offset)
    this.cursor.at += 4
    const length = this.cursor.view.getInt32(this.cursor.at - 4, true)
    if (length < 0) throw malformed('a negative length', offset)
    return length
  }

  /** A length of 64 bits. More than a file can hold is no length. */
  private long(offset: number): number {
    const low = this.unsigned(offset)
    this.room(4, offset)
    const high = this.cursor.view.getUint32(this.cursor.at, true)
    this.cursor.at += 4
    if (high > 0x1fffff) throw malformed('a length beyond any file', offset)
    return high * 2 ** 32 + low
  }

  private whole(length: number, offset: number): void {
    const { cursor, stack } = this
    if (length > 6) {
      cursor.skip(length)
      stack.push(kind.data, 0)
      return
    }
    cursor.need(length)
    let value = 0
    for (let index = length - 1; index >= 0; index--) value = value * 256 + (cursor.window[cursor.at + index] ?? 0)
    if (length > 0 && (cursor.window[cursor.at + length - 1] ?? 0) > 127) value -= 256 ** length
    cursor.at += length
    stack.push(kind.integer, value)
    if (cursor.offset < offset) throw malformed('a negative length', offset)
  }

  private writtenNumber(): void {
    const digits = Buffer.from(this.cursor.line(maxLine)).toString('latin1').trim().replace(/L$/, '')
    if (/^-?\d{1,15}$/.test(digits)) this.stack.push(kind.integer, Number(digits))
    else this.stack.push(kind.data, 0)
  }

  private writtenIndex(offset: number): number {
    const digits = Buffer.from(this.cursor.line(maxLine)).toString('latin1').trim()
    if (!/^\+?\d{1,15}$/.test(digits)) throw malformed('a memo index that is no number', offset)
    return Number(digits)
  }

  private lineText(offset: number): string {
    const line = this.cursor.line(maxLine)
    if (line.length === 0) throw malformed('an empty name', offset)
    return Buffer.from(line).toString('utf8')
  }

  private pop(offset: number): Value {
    this.requireOne(offset)
    const { stack } = this
    stack.length--
    return { kind: stack.kindAt(stack.length), value: stack.valueAt(stack.length) }
  }

  private pushValue({ kind: valueKind, value }: Value): void {
    this.stack.push(valueKind, value)
    if (this.stack.length > maxStack) throw new ArtifactError('over_limit', `limit reached: ${maxStack} values at once`)
  }

  private requireOne(offset: number): void {
    if (this.stack.length <= this.fence) throw malformed('the stack is empty', offset)
  }

  private requireSome(count: number, offset: number): void {
    if (this.stack.length - this.fence < count) throw malformed('too little on the stack', offset)
  }

  private mark(offset: number): number {
    const place = this.marks.at(-1)
    if (place === undefined) throw malformed('no mark', offset)
    return place
  }

  private dropMark(): void {
    this.marks.pop()
    this.fence = this.marks.at(-1) ?? 0
  }

  /** Takes the mark away. @returns how many values lie above where it was */
  private popMark(offset: number): number {
    const count = this.stack.length - this.mark(offset)
    this.dropMark()
    return count
  }

  /** The topmost `count` values become a tuple. Of numbers alone nobody asks later, unless it is a shape. */
  private tuple(count: number): void {
    const { stack } = this
    let isPlain = count > 8
    for (let index = 1; isPlain && index <= count; index++) isPlain = stack.kindAt(stack.length - index) <= kind.integer
    const place = isPlain ? unknown : this.elements.keep(stack, count)
    stack.length -= count
    if (isPlain) stack.push(kind.data, 0)
    else this.pushValue({ kind: kind.tuple, value: place })
  }

  private dictionary(count: number, offset: number): void {
    if (count % 2 !== 0) throw malformed('an odd number of keys and values', offset)
    this.keys(count)
    const place = this.elements.keep(this.stack, count)
    this.stack.length -= count
    this.stack.push(kind.dict, place)
  }

  private setItems(offset: number): void {
    const count = this.popMark(offset)
    if (count % 2 !== 0) throw malformed('an odd number of keys and values', offset)
    this.requireSome(count + 1, offset)
    if (count > 0) this.putInto(count, offset)
  }

  /** The topmost `count` keys and values go into what is below them. */
  private putInto(count: number, offset: number): void {
    const { stack } = this
    this.keys(count)
    const target = stack.length - count - 1
    const isPlain = stack.kindAt(target) === kind.dict
    if (isPlain) stack.values[target] = this.elements.add(stack.valueAt(target), stack, count)
    stack.length -= count
    if (!isPlain) this.fill(kind.dict, 'setitem', offset)
  }

  private keys(count: number): void {
    const { stack } = this
    for (let index = stack.length - count; index < stack.length; index += 2)
      if (stack.kindAt(index) === kind.text)
        this.observer.keyed(stack.valueAt(index), { kind: stack.kindAt(index + 1), value: stack.valueAt(index + 1) })
  }

  private fillFromMark(plain: number, how: 'append' | 'add', offset: number): void {
    const count = this.popMark(offset)
    this.stack.length -= count
    this.requireOne(offset)
    if (count > 0) this.fill(plain, how, offset)
  }

  private fill(plain: number, how: 'append' | 'add' | 'setitem', offset: number): void {
    const { stack } = this
    const top = stack.length - 1
    const found = stack.kindAt(top)
    if (found !== plain) this.observer.filled({ kind: found, value: stack.valueAt(top) }, how, offset)
  }

  private get(index: number, offset: number): void {
    const { memo } = this
    const far = index < memo.length ? undefined : this.farMemo.get(index)
    const found = far?.kind ?? (index < memo.length ? memo.kindAt(index) : empty)
    if (found === empty) throw malformed('a memo entry that was never written', offset)
    // What is taken from the memo is used, not finished: who made it has passed on.
    this.stack.push(found === kind.instance ? kind.held : found, far?.value ?? memo.valueAt(index))
  }

  private put(index: number, offset: number): void {
    this.requireOne(offset)
    const { stack, memo } = this
    const top = stack.length - 1
    if (index > 2 * this.opcodes + 256) {
      if (this.farMemo.size > 65_536) throw new ArtifactError('over_limit', 'limit reached: scattered memo entries')
      if (!this.farMemo.has(index)) this.memoized++
      this.farMemo.set(index, { kind: stack.kindAt(top), value: stack.valueAt(top) })
      return
    }
    if (index >= memo.kinds.length) memo.grow(Math.max(2 * memo.kinds.length, index + 1))
    if (index >= memo.length) {
      memo.kinds.fill(empty, memo.length, index)
      memo.length = index + 1
      this.memoized++
    } else if (memo.kinds[index] === empty) this.memoized++
    memo.kinds[index] = stack.kindAt(top)
    // What is put into a dictionary later, the memo does not see.
    memo.values[index] = stack.kindAt(top) === kind.dict ? unknown : stack.valueAt(top)
  }

  private stackGlobal(offset: number): void {
    const name = this.pop(offset)
    const module = this.pop(offset)
    const moduleText = module.kind === kind.text ? this.textAt(module.value) : undefined
    const nameText = name.kind === kind.text ? this.textAt(name.value) : undefined
    if (moduleText === undefined || nameText === undefined) this.pushValue(this.observer.importedComputed(offset))
    else this.stack.push(kind.global, this.observer.imported(moduleText, nameText, offset))
  }

  private inst(offset: number): void {
    const callee = this.observer.imported(this.lineText(offset), this.lineText(offset), offset)
    const count = this.popMark(offset)
    const args = this.elements.at(this.elements.keep(this.stack, count))
    this.stack.length -= count
    this.pushValue(this.observer.called({ kind: kind.global, value: callee }, args, 'INST', offset))
  }

  private obj(offset: number): void {
    const count = this.popMark(offset)
    if (count < 1) throw malformed('too little on the stack', offset)
    const args = this.elements.at(this.elements.keep(this.stack, count - 1))
    this.stack.length -= count
    const callee = { kind: this.stack.kindAt(this.stack.length), value: this.stack.valueAt(this.stack.length) }
    this.pushValue(this.observer.called(callee, args, 'OBJ', offset))
  }

  private call(opcode: CallOpcode, offset: number): void {
    const args = this.pop(offset)
    const callee = this.pop(offset)
    const known = args.kind === kind.tuple ? this.elements.at(args.value) : undefined
    this.pushValue(this.observer.called(callee, known, opcode, offset))
  }

  private build(offset: number): void {
    const state = this.pop(offset)
    const target = this.pop(offset)
    this.pushValue(this.observer.built(target, state, offset))
  }

  /** The text whose opcode is at `offset`; undefined when it is longer than any name, or cannot be read as a text. */
  textAt(offset: number): string | undefined {
    const stretch = this.contentAt(offset)
    if (stretch === undefined || stretch.length > maxName) return undefined
    const bytes = Buffer.from(this.cursor.peek(stretch.offset, stretch.length))
    if (stretch.opcode === 0x56) return decodeRawUnicodeEscape(bytes.toString('latin1'))
    if (stretch.opcode === 0x53) return decodeQuoted(bytes.toString('latin1'))
    return bytes.toString('utf8')
  }

  /** Where the bytes of the text or the bytes are whose opcode is at `offset`. */
  contentAt(offset: number): { opcode: number; offset: number; length: number } | undefined {
    if (offset < 0) return undefined
    const head = Buffer.from(this.cursor.peek(offset, 9))
    const opcode = head[0] ?? 0
    switch (opcode) {
      case 0x55:
      case 0x8c:
      case 0x43:
        return { opcode, offset: offset + 2, length: head.readUInt8(1) }
      case 0x58:
      case 0x54:
      case 0x42:
        return { opcode, offset: offset + 5, length: head.readUInt32LE(1) }
      case 0x8d:
      case 0x8e:
      case 0x96:
        return { opcode, offset: offset + 9, length: Number(head.readBigUInt64LE(1)) }
      default: {
        const line = this.cursor.peek(offset + 1, maxName + 1).indexOf(0x0a)
        return { opcode, offset: offset + 1, length: line < 0 ? maxName + 1 : line }
      }
    }
  }
}

/** A hole in the memo. */
const empty = 255
const maxName = 4096

function malformed(what: string, offset: number): ArtifactError {
  return new ArtifactError('malformed', `not a whole pickle: ${what}`, offset)
}
