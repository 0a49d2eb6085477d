import { account, logout } from '../load/session'
import type { Role } from '../load/types'

/** Level-3 protection: nobody at the keyboard for this long ends the session. */
export const idleMs = 15 * 60_000

// A clinic's screen must go on ringing for critical values: it locks itself
// in its own duty mode instead of logging out.
const ringing: readonly Role[] = ['tech', 'clinician']

let lastInput = Date.now()
const beforeEnd = new Set<() => Promise<void>>()

/** Registers work to finish before an idle logout: saving a draft. */
export function beforeIdleLogout(save: () => Promise<void>): () => void {
  beforeEnd.add(save)
  return () => beforeEnd.delete(save)
}

/** Starts watching for input; called once. */
export function watchIdle(): void {
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel']) {
    addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true })
  }
  setInterval(() => {
    const who = account.peek()
    if (!who || Date.now() - lastInput < idleMs || who.roles.some((r) => ringing.includes(r))) return
    lastInput = Date.now()
    void end()
  }, 10_000)
}

async function end(): Promise<void> {
  await Promise.allSettled([...beforeEnd].map((save) => save()))
  await logout('idle').catch(() => {})
}
