import type { Task, TaskState } from '../../load/types'
import { initials } from '../../text/pinyin'

/** The filters of the worklist, shown as chips with counts. */
export type Chip = 'waiting' | 'emergency' | 'mine' | 'review' | 'issued'
export const chips: readonly Chip[] = ['waiting', 'emergency', 'mine', 'review', 'issued']

const done: readonly TaskState[] = ['issued', 'delivered', 'acknowledged']

/** Whether the report is out: no clock runs any more. */
export function isDone(state: TaskState): boolean {
  return done.includes(state)
}

/** Whether a centre may read a task; one that it handed over it may only look at. */
export function reads(t: Pick<Task, 'centre' | 'offered'>, member: string): boolean {
  return t.centre === member || t.offered === member
}

/** Whether a task belongs under a chip, for the account with the login `me`. */
export function belongs(t: Task, chip: Chip, me: string): boolean {
  switch (chip) {
    case 'waiting':
      return t.state === 'queued'
    case 'emergency':
      return t.state === 'queued' && t.priority <= 1
    case 'mine':
      return t.holder === me && (t.state === 'claimed' || t.state === 'written')
    case 'review':
      return t.state === 'written'
    case 'issued':
      return isDone(t.state)
  }
}

const time = (at: string | null | undefined, none: number) => (at ? Date.parse(at) || none : none)

/** Priority as the queue sorts it: past 80 % of the limit counts one level higher. */
export function level(t: Task, now: number): number {
  const from = time(t.t_submit, NaN)
  const due = time(t.due, NaN)
  const pressing = due > from && now - from >= 0.8 * (due - from)
  return Math.max(0, t.priority - (pressing ? 1 : 0))
}

/** Queue order: priority, due, submitted, id. */
export function byQueue(now: number): (a: Task, b: Task) => number {
  return (a, b) =>
    level(a, now) - level(b, now) ||
    time(a.due, Infinity) - time(b.due, Infinity) ||
    time(a.t_submit, Infinity) - time(b.t_submit, Infinity) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Finished work, the newest first. */
export function byNewest(a: Task, b: Task): number {
  return time(b.t_signed, 0) - time(a.t_signed, 0) || (a.id < b.id ? 1 : -1)
}

/** Whether the search text fits: name, its initials, accession, ids' tails, exam. */
export function fits(t: Task, search: string): boolean {
  const q = search.trim().toLowerCase()
  if (q === '') return true
  const name = t.patient.name.toLowerCase()
  return (
    name.includes(q) ||
    initials(t.patient.name).startsWith(q) ||
    t.accession.toLowerCase().includes(q) ||
    t.patient.id.toLowerCase().endsWith(q) ||
    t.item_name.toLowerCase().includes(q) ||
    (t.member_name || t.member).toLowerCase().includes(q)
  )
}

/**
 * The rows after a change, so that nothing jumps under the cursor: rows that
 * are shown keep their order, new ones go where the order puts them, and rows
 * that no longer belong stay in place unless `drop` lets them go.
 */
export function settle(shown: readonly string[], wanted: readonly string[], drop: boolean): string[] {
  const want = new Set(wanted)
  const kept = drop ? shown.filter((id) => want.has(id)) : [...shown]
  const have = new Set(kept)
  // A new row goes before the nearest later neighbour that is already shown.
  for (let i = wanted.length - 1; i >= 0; i--) {
    const id = wanted[i]!
    if (have.has(id)) continue
    const next = wanted.slice(i + 1).find((n) => have.has(n))
    if (next === undefined) kept.push(id)
    else kept.splice(kept.indexOf(next), 0, id)
    have.add(id)
  }
  return kept
}

/** The row to move to from `at`, by `step` rows; the first when none is chosen. */
export function step(rows: readonly string[], at: string | null, by: number): string | null {
  if (rows.length === 0) return null
  const i = at === null ? -1 : rows.indexOf(at)
  if (i < 0) return rows[by > 0 ? 0 : rows.length - 1] ?? null
  return rows[Math.min(rows.length - 1, Math.max(0, i + by))] ?? null
}
