// Calls between the sequencer and a worker, over the pipe that Node keeps to a child process. All calls and answers of
// one turn of the event loop travel as one message: that is what makes it cheap, and what lets the log write the
// entries of many exchanges at once.

/** What carries messages: a child process, or in a child the process itself. */
export interface Port {
  send(message: Message): void
  /** To be called with each message that arrives. */
  onMessage(take: (message: Message) => void): void
}

export interface Message {
  /** Without an id: nobody waits for an answer. */
  readonly calls: readonly { readonly id: number | undefined; readonly name: string; readonly input: unknown }[]
  readonly answers: readonly Answer[]
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: { readonly name: string; readonly code: string | undefined } }

/** What one end can be asked, by name. What goes in and out is data that survives the structured clone. */
export type Answers<T> = {
  readonly [Name in keyof T]: T[Name] extends (input: infer Input) => infer Output
    ? (input: Input) => Output | Promise<Awaited<Output>>
    : never
}

export interface Channel<Far> {
  /** @throws FarError when the other end fails, or is gone */
  call<Name extends keyof Far & string>(name: Name, input: Input<Far[Name]>): Promise<Output<Far[Name]>>
  /** As `call`, without an answer: what fails is the other end's to report. */
  tell<Name extends keyof Far & string>(name: Name, input: Input<Far[Name]>): void
  /** The other end is gone: nothing that waits will be answered. */
  end(): void
}

type Input<F> = F extends (input: infer I) => unknown ? I : never
type Output<F> = F extends (...input: never[]) => infer O ? Awaited<O> : never

/** What the other end threw: its kind, without its message, which may quote a client. */
export class FarError extends Error {
  override readonly name: string
  readonly code: string

  constructor(name: string, code: string) {
    super(`${name} ${code} in another process of this gateway`)
    this.name = name
    this.code = code
  }
}

/**
 * @param near      what this end answers
 * @param reported  what this end failed at when nobody waits for it
 */
export function openChannel<Near, Far>(
  port: Port,
  near: Answers<Near>,
  reported: (error: unknown) => void = () => {},
): Channel<Far> {
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: FarError): void }>()
  const answering = new Map<string, (input: unknown) => unknown>(Object.entries(near))
  let calls: Message['calls'][number][] = []
  let answers: Answer[] = []
  let isDue = false
  let isOver = false
  let nextId = 0

  function due(): void {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      if (isOver) return
      const message = { calls, answers }
      calls = []
      answers = []
      port.send(message)
    })
  }

  function take(message: Message): void {
    for (const answer of message.answers) {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('failure' in answer) asked?.reject(new FarError(answer.failure.name, answer.failure.code ?? 'unknown'))
      else asked?.resolve(answer.result)
    }
    for (const call of message.calls) answer(call)
  }

  function answer({ id, name, input }: Message['calls'][number]): void {
    const reply = (one: Answer) => {
      answers.push(one)
      due()
    }
    const answered = new Promise((resolve) => resolve(answering.get(name)?.(input)))
    if (id === undefined) {
      answered.catch(reported)
      return
    }
    answered.then(
      (result) => reply({ id, result }),
      (error) => reply({ id, failure: failureOf(error) }),
    )
  }

  port.onMessage(take)
  return {
    call(name, input) {
      if (isOver) return Promise.reject(gone())
      const id = nextId++
      calls.push({ id, name, input })
      due()
      return new Promise((resolve, reject) => {
        // The other end is this program with this interface; what it answers was typed there.
        waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      })
    },
    tell(name, input) {
      if (isOver) return
      calls.push({ id: undefined, name, input })
      due()
    },
    end() {
      isOver = true
      for (const { reject } of waiting.values()) reject(gone())
      waiting.clear()
    },
  }
}

function gone(): FarError {
  return new FarError('FarError', 'gone')
}

function failureOf(error: unknown): { name: string; code: string | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', code: undefined }
  return { name: error.name, code: 'code' in error && typeof error.code === 'string' ? error.code : undefined }
}
