// Which house an exchange lives in. A change of the configuration opens another one: new exchanges enter that,
// and those that run stay in theirs to the end.
import type { House } from './house.ts'

export interface Houses {
  /** The one that new exchanges enter. */
  readonly current: House
  /** Takes the current house for one exchange; `leave` is to be called exactly once, at the exchange's end. */
  enter(): Stay
  /** Opens `next` to new exchanges. Resolves when the last one has left the house that was current until now. */
  move(next: House): Promise<void>
}

export interface Stay {
  readonly house: House
  leave(): void
}

export function createHouses(first: House): Houses {
  let current = createInhabited(first)
  return {
    get current() {
      return current.house
    },
    enter: () => current.enter(),
    move(next) {
      const left = current
      current = createInhabited(next)
      return left.vacate()
    },
  }
}

interface Inhabited extends Pick<Houses, 'enter'> {
  readonly house: House
  /** Resolves when nobody is in it; nobody may enter after this call. */
  vacate(): Promise<void>
}

function createInhabited(house: House): Inhabited {
  let inside = 0
  let close: (() => void) | undefined
  const stay: Stay = {
    house,
    leave() {
      inside--
      if (inside === 0) close?.()
    },
  }
  return {
    house,
    enter() {
      inside++
      return stay
    },
    vacate: () =>
      new Promise((resolve) => {
        close = resolve
        if (inside === 0) resolve()
      }),
  }
}
