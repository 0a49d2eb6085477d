import { signal } from '@preact/signals'
import { language } from '../text/catalogue'
import { Problem, readProblem } from './problem'

/** How long an ordinary request may take before it counts as lost. */
const patienceMs = 30_000

let csrf = ''

/** Milliseconds to add to this computer's clock to get the hub's. */
export const clockSkewMs = signal(0)

/** Called when the hub says that nobody is logged in (any more). */
let onLoggedOut: () => void = () => {}

/** Sets the token that writes by cookie must carry; '' forgets it. */
export function useCsrf(token: string): void {
  csrf = token
}

/** The header that writes by cookie carry, for requests that are no JSON. */
export function writeHeaders(): Record<string, string> {
  return csrf ? { 'X-CSRF': csrf, 'Accept-Language': language.peek() } : { 'Accept-Language': language.peek() }
}

/** Registers who learns that the session has ended. */
export function whenLoggedOut(tell: () => void): void {
  onLoggedOut = tell
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  signal?: AbortSignal
  /** Let the request finish when the page is left (drafts). */
  keepalive?: boolean
  /** A 401 is an answer here, not the end of the session. */
  quiet401?: boolean
}

/**
 * Asks the hub and returns its JSON (undefined for 204). Throws Problem for a
 * refusal and for a line that is down; an aborted request throws AbortError.
 */
export async function ask<T>(path: string, how: Ask = {}): Promise<T> {
  const answer = await send(path, how)
  if (answer.status === 204) return undefined as T
  return (await answer.json()) as T
}

/** Asks the hub for a text, such as a drawing. */
export async function askText(path: string): Promise<string> {
  return (await send(path, {})).text()
}

async function send(path: string, how: Ask): Promise<Response> {
  const method = how.method ?? 'GET'
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language.peek() }
  if (method !== 'GET' && csrf) headers['X-CSRF'] = csrf
  if (how.body !== undefined) headers['Content-Type'] = 'application/json'
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Problem(0, 'network', '')), patienceMs)
  const chain = () => stop.abort(how.signal?.reason)
  how.signal?.addEventListener('abort', chain)
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: how.body === undefined ? undefined : JSON.stringify(how.body),
      signal: stop.signal,
      credentials: 'same-origin',
      keepalive: how.keepalive ?? false,
      cache: 'no-store',
    })
  } catch (fault) {
    if (how.signal?.aborted) throw fault
    throw new Problem(0, 'network', '')
  } finally {
    clearTimeout(timer)
    how.signal?.removeEventListener('abort', chain)
  }
  noteClock(answer.headers.get('Date'))
  if (answer.ok) return answer
  const problem = readProblem(answer.status, await answer.text().catch(() => ''))
  if (answer.status === 401 && !how.quiet401) onLoggedOut()
  throw problem
}

/** Old PCs have wrong clocks: countdowns run on the hub's. */
function noteClock(date: string | null): void {
  if (!date) return
  const hub = Date.parse(date)
  if (Number.isNaN(hub)) return
  const skew = hub + 500 - Date.now()
  // The header has whole seconds: small differences are its own rounding.
  if (Math.abs(skew - clockSkewMs.peek()) > 1500) clockSkewMs.value = skew
}

/** The hub's time now, in milliseconds since 1970. */
export function hubNow(): number {
  return Date.now() + clockSkewMs.peek()
}
