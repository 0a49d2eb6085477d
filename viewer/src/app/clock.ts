import { signal } from '@preact/signals'
import { hubNow } from '../load/api'
import { w } from '../text/words'

/** The hub's time, moved on every five seconds: countdowns read it. */
export const now = signal(hubNow())

setInterval(() => {
  now.value = hubNow()
}, 5000)

const minute = 60_000
const chinaMs = 8 * 60 * minute

/** "2026-11-21 14:05" in Asia/Shanghai, whatever the PC's zone; "" for none. */
export function stamp(at: string | null | undefined): string {
  if (!at) return ''
  const ms = Date.parse(at)
  if (Number.isNaN(ms) || ms <= 0) return ''
  return new Date(ms + chinaMs).toISOString().slice(0, 16).replace('T', ' ')
}

/** "14:05" for a moment of the same day in Shanghai as `ref`, else "11-21 14:05". */
export function shortStamp(at: string | null | undefined, ref: number): string {
  const whole = stamp(at)
  const day = new Date(ref + chinaMs).toISOString().slice(0, 10)
  return whole.slice(0, 10) === day ? whole.slice(11) : whole.slice(5)
}

/** Relative under an hour ("3 分前"), else the time. */
export function ago(at: string, ref: number): string {
  const n = Math.floor((ref - Date.parse(at)) / minute)
  if (n < 1) return w('before_now')
  return n < 60 ? w('before_minutes', { n }) : shortStamp(at, ref)
}

export interface Left {
  text: string
  /** soon: a quarter of an hour or less. */
  level: 'none' | 'calm' | 'soon' | 'late'
}

/** What remains until `due` at the time `ref`: "剩 12 分", "剩 1:40", "超时 5 分". */
export function left(due: string | null | undefined, ref: number): Left {
  const ms = due ? Date.parse(due) - ref : NaN
  if (Number.isNaN(ms)) return { text: w('due_none'), level: 'none' }
  const late = ms < 0
  // Limits are inclusive: the last minute begun still counts as one.
  const n = late ? Math.max(1, Math.floor(-ms / minute)) : Math.ceil(ms / minute)
  const level = late ? 'late' : n <= 15 ? 'soon' : 'calm'
  if (n < 60) return { text: w(late ? 'late_minutes' : 'left_minutes', { n }), level }
  if (n >= 48 * 60) return { text: w(late ? 'late_days' : 'left_days', { d: Math.floor(n / 1440) }), level }
  const hm = { h: Math.floor(n / 60), m: String(n % 60).padStart(2, '0') }
  return { text: w(late ? 'late_hours' : 'left_hours', hm), level }
}
