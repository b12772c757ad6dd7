// A client of a streamed answer, written from the specification (WHATWG HTML, section 9.2.6) and from what clients'
// libraries do with the data: it shares no code with the gateway's own reader.

export interface ClientEvent {
  readonly type: string
  /** Bytes, one character each. */
  readonly data: string
}

/** The events with data. An unfinished last one counts, since some clients read it. */
export function clientEvents(stream: Uint8Array): ClientEvent[] {
  const text = Buffer.from(stream)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
  const events: ClientEvent[] = []
  let data: string[] = []
  let type = ''
  for (const line of `${text}\n\n`.split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) events.push({ type, data: data.join('\n') })
      data = []
      type = ''
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line) ?? []
    if (name === 'data' && line !== '') data.push(value)
    if (name === 'event') type = value
  }
  return events
}

/** What a client has put together of a stream: its texts by where they belong, and everything that it can read at all. */
export interface ClientView {
  readonly joined: ReadonlyMap<string, string>
  readonly all: readonly string[]
  /** The end of the stream came, as clients understand it. */
  readonly isDone: boolean
}

export function openAiView(stream: Uint8Array): ClientView {
  const view = new View()
  for (const { data } of clientEvents(stream)) {
    if (data.trim() === '[DONE]') return view.done()
    const chunk = view.parse(data)
    for (const [at, choice] of listOf(chunk, 'choices').entries()) {
      const index = key(choice, 'index', at)
      view.join(`${index}.text`, choice, 'text')
      const delta = memberOf(choice, 'delta')
      for (const field of ['content', 'refusal', 'reasoning', 'reasoning_content'])
        view.join(`${index}.${field}`, delta, field)
      view.join(`${index}.transcript`, memberOf(delta, 'audio'), 'transcript')
      view.join(`${index}.function_call`, memberOf(delta, 'function_call'), 'arguments')
      for (const [position, call] of listOf(delta, 'tool_calls').entries()) {
        const place = `${index}.tool.${key(call, 'index', position)}`
        view.join(`${place}.arguments`, memberOf(call, 'function'), 'arguments')
        view.join(`${place}.input`, memberOf(call, 'custom'), 'input')
      }
    }
  }
  return view
}

export function anthropicView(stream: Uint8Array): ClientView {
  const view = new View()
  for (const { data } of clientEvents(stream)) {
    const event = view.parse(data)
    const index = key(event, 'index')
    const type = memberOf(event, 'type')
    const delta = memberOf(event, 'delta')
    if (type === 'content_block_start') {
      const block = memberOf(event, 'content_block')
      for (const field of ['text', 'thinking']) view.join(`${index}.${field}`, block, field)
    }
    if (type === 'content_block_delta')
      for (const field of ['text', 'thinking', 'partial_json']) view.join(`${index}.${field}`, delta, field)
    if (type === 'message_stop' || type === 'error') return view.done()
  }
  return view
}

class View implements ClientView {
  readonly joined = new Map<string, string>()
  readonly all: string[] = []
  isDone = false

  parse(data: string): unknown {
    const text = Buffer.from(data, 'latin1').toString()
    try {
      const value: unknown = JSON.parse(text, (name, member) => {
        if (typeof member === 'string') this.all.push(member)
        this.all.push(name)
        return member
      })
      return value
    } catch {
      this.all.push(text)
      return undefined
    }
  }

  join(place: string, holder: unknown, field: string): void {
    const text = memberOf(holder, field)
    if (typeof text === 'string' && text !== '') this.joined.set(place, (this.joined.get(place) ?? '') + text)
  }

  done(): this {
    this.isDone = true
    return this
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}

function listOf(value: unknown, name: string): unknown[] {
  const list = memberOf(value, name)
  return Array.isArray(list) ? list : []
}

/** As a JavaScript client uses it for an array or an object. Most take the position for one that is missing. */
function key(value: unknown, name: string, position?: number): string {
  return String(memberOf(value, name) ?? position)
}
