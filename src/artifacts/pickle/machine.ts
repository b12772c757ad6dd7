// The pickle machine, abstract: it keeps books of what CPython's unpickler would have on its stack and in its memo, and
// calls nothing. Opcodes and their arguments are read as Modules/_pickle.c (CPython 3.14) reads them, which is not
// always how pickletools.py does: frames are no more than a promise of bytes, PROTO may come anywhere, a line needs
// its newline, POP takes a mark when one is on top.
import { ArtifactError } from '../error.ts'
import type { Cursor } from './cursor.ts'
import { empty, Memo } from './memo.ts'
import { textAt } from './texts.ts'
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
  /** Bytes, or what Python 2 wrote as a text and meant as bytes. */
  bytes(offset: number, length: number): void
  /** An opcode that reaches over the end of its frame: CPython's loaders disagree on what follows. */
  straddled(offset: number): void
  /** A tuple that repeats itself to more elements than any memory holds. */
  expanding(offset: number): void
}

export type CallOpcode = 'REDUCE' | 'INST' | 'OBJ' | 'NEWOBJ' | 'NEWOBJ_EX'

const maxLine = 1024 * 1024
const maxTextLine = 64 * 1024 * 1024
/** Fewer bytes than these hide nothing that runs. */
const leastBytes = 24
const mostElements = 2 ** 40
const timeCheckEvery = 1 << 20

export class Machine {
  readonly cursor: Cursor
  readonly elements: Elements
  private readonly observer: Observer
  private readonly checkTime: () => void
  private readonly stack = new Values()
  private readonly memo = new Memo()
  private readonly marks: number[] = []
  private fence = 0
  private frameEnd = Number.POSITIVE_INFINITY
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
      if (offset >= this.frameEnd) {
        if (offset > this.frameEnd) this.observer.straddled(offset)
        this.frameEnd = Number.POSITIVE_INFINITY
      }
      const opcode = cursor.window[cursor.at++] ?? 0
      switch (opcode) {
        case 0x2e: // STOP
          this.pop(offset)
          return
        case 0x80: // PROTO
          if (this.byte() > 5) throw malformed('a protocol that does not exist', offset)
          break
        case 0x95: {
          // FRAME
          const length = this.long(offset)
          if (length > cursor.source.size - cursor.offset) throw malformed('a frame is cut off', offset)
          const end = cursor.offset + length
          if (this.frameEnd < end) this.observer.straddled(offset)
          this.frameEnd = end
          break
        }
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
          cursor.line(maxTextLine)
          stack.push(kind.text, offset)
          break
        case 0x8c: // SHORT_BINUNICODE
          cursor.skip(this.byte())
          stack.push(kind.text, offset)
          break
        case 0x58: // BINUNICODE
          cursor.skip(this.unsigned(offset))
          stack.push(kind.text, offset)
          break
        case 0x55: // SHORT_BINSTRING
          this.raw(kind.text, this.byte(), offset)
          break
        case 0x54: // BINSTRING
          this.raw(kind.text, this.signedLength(offset), offset)
          break
        case 0x8d: // BINUNICODE8
          cursor.skip(this.long(offset))
          stack.push(kind.text, offset)
          break
        case 0x43: // SHORT_BINBYTES
          this.raw(kind.bytes, this.byte(), offset)
          break
        case 0x42: // BINBYTES
          this.raw(kind.bytes, this.unsigned(offset), offset)
          break
        case 0x8e: // BINBYTES8
        case 0x96: // BYTEARRAY8
          this.raw(kind.bytes, this.long(offset), offset)
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
          this.tuple(0, offset)
          break
        case 0x85: // TUPLE1
        case 0x86: // TUPLE2
        case 0x87: // TUPLE3
          this.requireSome(opcode - 0x84, offset)
          this.tuple(opcode - 0x84, offset)
          break
        case 0x74: // TUPLE
          this.tuple(this.popMark(offset), offset)
          break
        case 0x6c: // LIST
          this.list(this.popMark(offset))
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
          this.append(1, offset)
          break
        case 0x65: // APPENDS
          this.appendFromMark(offset)
          break
        case 0x90: // ADDITEMS
          this.addFromMark(offset)
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
          this.put(this.memo.size, offset)
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

  /** Bytes follow that the loader reads past the unpickler, such as an array of joblib's: no frame holds them. */
  leaveFrame(): void {
    if (this.cursor.offset > this.frameEnd) this.observer.straddled(this.cursor.offset)
    this.frameEnd = Number.POSITIVE_INFINITY
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
    if (/^[+-]?\d{1,15}$/.test(digits)) this.stack.push(kind.integer, Number(digits))
    else this.stack.push(kind.data, 0)
  }

  private writtenIndex(offset: number): number {
    // As Python's int() reads it: spaces around, a sign, zeros before and single underscores within.
    const text = Buffer.from(this.cursor.line(maxLine)).toString('latin1').trim()
    const [, digits = ''] = /^[+-]?0*(\d{1,15})$/.exec(text.replace(/(?<=\d)_(?=\d)/g, '')) ?? []
    if (digits === '' || (text.startsWith('-') && Number(digits) > 0))
      throw malformed('a memo index that is no number', offset)
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

  /** Bytes, whose content somebody may want to look at. */
  private raw(valueKind: number, length: number, offset: number): void {
    const { cursor } = this
    const from = cursor.offset
    cursor.skip(length)
    if (length >= leastBytes) this.observer.bytes(from, length)
    this.stack.push(valueKind, offset)
  }

  /** The topmost `count` values become a tuple. Of numbers alone nobody asks later, unless it is a shape. */
  private tuple(count: number, offset: number): void {
    const { stack } = this
    let isPlain = count > 8
    for (let index = 1; isPlain && index <= count; index++) isPlain = stack.kindAt(stack.length - index) <= kind.integer
    const place = isPlain ? unknown : this.elements.keep(stack, count)
    stack.length -= count
    if (isPlain) stack.push(kind.data, 0)
    else {
      stack.push(kind.tuple, place)
      if (this.elements.weight(place) > mostElements) this.observer.expanding(offset)
    }
  }

  private list(count: number): void {
    const holds = this.holdsMore(count)
    this.stack.length -= count
    this.stack.push(kind.list, holds ? 1 : 0)
  }

  /** Whether there is anything but numbers among the topmost values. */
  private holdsMore(count: number): boolean {
    const { stack } = this
    for (let index = 1; index <= count; index++) if (stack.kindAt(stack.length - index) > kind.integer) return true
    return false
  }

  private dictionary(count: number, offset: number): void {
    if (count % 2 !== 0) throw malformed('an odd number of keys and values', offset)
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
    const target = stack.length - count - 1
    const isPlain = stack.kindAt(target) === kind.dict
    if (isPlain) stack.values[target] = this.elements.add(stack.valueAt(target), stack, count)
    stack.length -= count
    if (!isPlain) this.filled('setitem', offset)
  }

  private appendFromMark(offset: number): void {
    const count = this.popMark(offset)
    this.requireSome(count + 1, offset)
    if (count > 0) this.append(count, offset)
  }

  /** The topmost `count` values go to the end of what is below them. */
  private append(count: number, offset: number): void {
    const { stack } = this
    const target = stack.length - count - 1
    const isPlain = stack.kindAt(target) === kind.list
    if (isPlain && stack.valueAt(target) === 0 && this.holdsMore(count)) stack.values[target] = 1
    stack.length -= count
    if (!isPlain) this.filled('append', offset)
  }

  private addFromMark(offset: number): void {
    const count = this.popMark(offset)
    this.stack.length -= count
    this.requireOne(offset)
    if (count > 0 && this.stack.kindAt(this.stack.length - 1) !== kind.set) this.filled('add', offset)
  }

  private filled(how: 'append' | 'add' | 'setitem', offset: number): void {
    const { stack } = this
    const top = stack.length - 1
    this.observer.filled({ kind: stack.kindAt(top), value: stack.valueAt(top) }, how, offset)
  }

  private get(index: number, offset: number): void {
    const found = this.memo.kindAt(index)
    if (found === empty) throw malformed('a memo entry that was never written', offset)
    // What is taken from the memo is used, not finished: who made it has passed on.
    this.stack.push(found === kind.instance ? kind.held : found, this.memo.valueAt(index))
  }

  private put(index: number, offset: number): void {
    this.requireOne(offset)
    const { stack } = this
    const top = stack.length - 1
    this.memo.put(index, stack.kindAt(top), stack.valueAt(top), 2 * this.opcodes + 256)
  }

  private stackGlobal(offset: number): void {
    const name = this.pop(offset)
    const module = this.pop(offset)
    const moduleText = module.kind === kind.text ? textAt(this.cursor, module.value) : undefined
    const nameText = name.kind === kind.text ? textAt(this.cursor, name.value) : undefined
    if (moduleText === undefined || nameText === undefined) this.pushValue(this.observer.importedComputed(offset))
    else this.stack.push(kind.global, this.observer.imported(moduleText, nameText, offset))
  }

  private inst(offset: number): void {
    this.mark(offset)
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
}

function malformed(what: string, offset: number): ArtifactError {
  return new ArtifactError('malformed', `not a whole pickle: ${what}`, offset)
}
