import { signal } from '@preact/signals'
import { ahead } from './ahead'
import { ask, useCsrf, whenLoggedOut } from './api'
import { Problem } from './problem'
import type { Account, Role } from './types'

interface SessionAnswer {
  account: Account
  csrf: string
}

/** Who is logged in: undefined while unknown, null for nobody. */
export const account = signal<Account | null | undefined>(undefined)

/** Why the last session ended, for the login page. */
export const endedBy = signal<'' | 'expired' | 'idle'>('')

/** Whose texts this window keeps. */
const whose = 'yz.who'

whenLoggedOut(() => {
  if (account.peek()) endedBy.value = 'expired'
  forget()
})

/** Asks the hub who is logged in by cookie; nobody is not an error. */
export async function resume(): Promise<void> {
  try {
    take(await ask<SessionAnswer>('/api/v1/session', { quiet401: true }))
  } catch (fault) {
    if (fault instanceof Problem && fault.status === 401) return forget()
    throw fault
  }
}

/** Logs in; throws Problem with the hub's sentence when refused. */
export async function login(name: string, password: string, totp: string): Promise<void> {
  const body = { login: name, password, ...(totp ? { totp } : {}) }
  take(await ask<SessionAnswer>('/api/v1/session', { method: 'POST', body, quiet401: true }))
  endedBy.value = ''
}

/** Logs out here and at the hub. Drafts kept in this window go as well. */
export async function logout(why: '' | 'idle' = ''): Promise<void> {
  try {
    await ask('/api/v1/session', { method: 'DELETE', quiet401: true })
  } finally {
    endedBy.value = why
    if (why === '') clearKept()
    forget()
  }
}

/** Whether the logged-in account holds one of the roles. */
export function hasRole(...roles: Role[]): boolean {
  return account.value?.roles.some((r) => roles.includes(r)) ?? false
}

/** Whether the account holds a right, either whole or for this kind of reading. */
export function hasRight(right: string, kind: string): boolean {
  const rights = account.value?.rights ?? []
  return rights.includes(right) || rights.includes(`${right}:${kind}`)
}

function take(answer: SessionAnswer): void {
  useCsrf(answer.csrf)
  ownWindow(answer.account.login)
  account.value = answer.account
}

/** Texts kept in this window belong to one person; the next finds none of them. */
function ownWindow(login: string): void {
  try {
    if (sessionStorage.getItem(whose) !== login) sessionStorage.clear()
    sessionStorage.setItem(whose, login)
  } catch {
    // Nothing is kept without storage.
  }
}

function forget(): void {
  useCsrf('')
  ahead.clear()
  account.value = null
}

function clearKept(): void {
  try {
    sessionStorage.clear()
  } catch {
    // Storage may be switched off; then nothing was kept either.
  }
}
