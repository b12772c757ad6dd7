// Telling systemd how the service is (sd_notify(3)). Node has no datagram sockets of the Unix kind, so the message goes
// through `systemd-notify`, which comes with systemd; the unit then needs NotifyAccess=all.
import { spawn } from 'node:child_process'
import type { World } from './world.ts'

export interface Notifier {
  /** Requests are served; from now on the watchdog is fed as long as the event loop turns. */
  ready(): void
  stopping(): void
}

/** @param env  NOTIFY_SOCKET and WATCHDOG_USEC are looked at; without the first, nobody is told anything */
export function createNotifier(env: (name: string) => string | undefined, world: Pick<World, 'warn'>): Notifier {
  const socket = env('NOTIFY_SOCKET')
  if (socket === undefined || socket === '') return { ready() {}, stopping() {} }
  let watchdog: NodeJS.Timeout | undefined
  const tell = (...words: string[]) => {
    const child = spawn('systemd-notify', words, {
      stdio: 'ignore',
      env: { NOTIFY_SOCKET: socket, PATH: env('PATH') ?? '/usr/bin:/bin' },
    })
    child.on('error', () => world.warn('systemd-notify cannot be run, so systemd is told nothing', 'notify'))
  }
  return {
    ready() {
      tell('READY=1', 'STATUS=serves requests')
      const limitMs = Number(env('WATCHDOG_USEC') ?? 0) / 1000
      // Twice in the time that it may take, as sd_watchdog_enabled(3) advises.
      if (limitMs >= 1000) watchdog = setInterval(() => tell('WATCHDOG=1'), limitMs / 2)
    },
    stopping() {
      clearInterval(watchdog)
      tell('STOPPING=1', 'STATUS=finishes what runs')
    },
  }
}
