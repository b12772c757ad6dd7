// Python's view of JSON: many upstreams are written in it. One process reads one document after the other.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

/** For every string and key, in document order; the first and the last value where a key stands twice. */
const script = `
import base64, json, sys
def pairs(members):
    keys = [key for key, _ in members]
    return {"keys": keys, "values": [value for _, value in members]}
def texts(value):
    if isinstance(value, str): yield value
    elif isinstance(value, list):
        for item in value: yield from texts(item)
    elif isinstance(value, dict):
        for key, member in zip(value["keys"], value["values"]):
            yield key
            yield from texts(member)
for line in sys.stdin:
    try:
        answer = {"texts": list(texts(json.loads(base64.b64decode(line), object_pairs_hook=pairs)))}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
`

export const hasPython: boolean = spawnSync('python3', ['-c', '']).status === 0

export class Python {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  constructor() {
    const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    this.#reader = createInterface({ input: child.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
    // It must not keep the fuzzer from ending.
    child.unref()
  }

  /** Every text that Python reads in the document, duplicates included; undefined when it refuses. */
  async texts(document: Uint8Array): Promise<string[] | undefined> {
    this.#process.stdin?.write(`${Buffer.from(document).toString('base64')}\n`)
    const { value } = await this.#lines.next()
    const answer: { texts?: string[] } = JSON.parse(String(value))
    return answer.texts
  }

  close(): void {
    this.#process.kill()
    this.#reader.close()
  }
}
