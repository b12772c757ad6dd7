// How many calls may hold a connection at once. Waiting happens here and not in the pool's own queue, because a call
// that gives up while it waits there could only be dropped by closing a connection.

export interface Gate {
  /**
   * Runs `start` now when a place is free, otherwise once one is, first come first served.
   *
   * @returns gives the place back, or leaves the queue; to be called exactly once. After it, `start` does not run.
   */
  enter(start: () => void): () => void
}

/** @param places calls at once, >= 1 */
export function createGate(places: number): Gate {
  let free = places
  const waiting = new Set<() => void>()

  function leave(): void {
    const [next] = waiting
    if (next === undefined) free++
    else {
      waiting.delete(next)
      next()
    }
  }

  return {
    enter(start) {
      if (free > 0) {
        free--
        start()
        return leave
      }
      let hasLeft = false
      // In a turn of its own: a row of calls that all fail at once would otherwise be as many frames on the stack.
      const turn = () =>
        queueMicrotask(() => {
          if (!hasLeft) start()
        })
      waiting.add(turn)
      return () => {
        hasLeft = true
        if (!waiting.delete(turn)) leave()
      }
    },
  }
}
