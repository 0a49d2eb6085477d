import { computed, effect, signal } from '@preact/signals'
import { type ClinicTask, type CriticalView, type InboxItem, listInbox, listQuarantine, listRead, listReassignments, type Quarantined, type Reassignment, searchOrders } from '../../load/clinic'
import { hubNow } from '../../load/api'
import { listCritical } from '../../load/critical'
import { live, type LiveEvent } from '../../load/live'
import { asProblem, Problem } from '../../load/problem'
import { getRecording } from '../../load/recordings'
import { account } from '../../load/session'
import { listTasks } from '../../load/tasks'
import type { TaskState } from '../../load/types'
import { todoCount, unreadCount } from './counts'

/** The clinic's tasks this screen knows, by id; live events keep them true. */
export const tasks = signal<ReadonlyMap<string, ClinicTask>>(new Map())
export const criticals = signal<ReadonlyMap<string, CriticalView>>(new Map())
export const inbox = signal<readonly InboxItem[]>([])
export const quarantine = signal<readonly Quarantined[]>([])
export const reassignments = signal<readonly Reassignment[]>([])
export const ready = signal(false)
export const fault = signal<Problem | null>(null)
/** When a defective ECG was recorded again, by task: nothing is left to do. */
export const corrected = signal<ReadonlyMap<string, string>>(new Map())
/** Rows that came or changed a moment ago. */
export const fresh = signal<ReadonlySet<string>>(new Set())

const pressing: readonly TaskState[] = ['draft', 'uploading', 'queued', 'claimed', 'written', 'returned', 'issued', 'delivered']
const freshMs = 2600
const listsAgainMs = 1500

let watching: (() => void) | null = null
let again: ReturnType<typeof setTimeout> | undefined
let version = 0
const touched = new Map<string, number>()

/** Critical values nobody has received: they ring. */
export const unreceived = computed(() => [...criticals.value.values()].filter((c) => c.state === 'notified').sort(byFound))

/** Issued reports nobody of the clinic has confirmed reading. */
export const unread = computed(() => [...tasks.value.values()].filter((x) => x.state === 'issued' || x.state === 'delivered'))

/** What the clinic must do itself. */
export const todo = computed(() => {
  const all = [...tasks.value.values()]
  const waiting = new Set(inbox.value.map((i) => i.task.id))
  return {
    notified: unreceived.value,
    received: [...criticals.value.values()].filter((c) => c.state === 'received').sort(byFound),
    returned: all.filter((x) => x.state === 'returned'),
    mismatched: all.filter((x) => (x.state === 'draft' || x.state === 'uploading') && !waiting.has(x.id) && x.warnings.some((m) => m.code === 'identity.mismatch' && !m.values?.['reason'])),
    urgent: all.filter((x) => inReading(x) && x.prealert.length > 0),
    defective: all.filter((x) => isDefective(x) && !corrected.value.has(x.id)),
    inbox: inbox.value,
    quarantine: quarantine.value,
    owed: all.filter((x) => x.owed.length > 0 && x.state !== 'cancelled' && x.state !== 'void'),
    reassign: reassignments.value.filter((r) => r.mine && r.state === 'asked'),
  }
})

/** The patient may still be there: nobody has signed yet. */
export function inReading(x: ClinicTask): boolean {
  return x.state === 'uploading' || x.state === 'queued' || x.state === 'claimed' || x.state === 'written'
}

function isDefective(x: ClinicTask): boolean {
  return inReading(x) && x.grade === 'poor' && x.warnings.some((m) => m.code.startsWith('ecg.'))
}

function byFound(a: CriticalView, b: CriticalView): number {
  return a.found_at < b.found_at ? -1 : 1
}

effect(() => {
  todoCount.value = Object.values(todo.value).reduce((n, list) => n + list.length, 0)
  unreadCount.value = unread.value.length
})

effect(() => {
  if (live.line.value === 'live' && watching && fault.peek()) void reload()
})

// Another account must not see what this one saw.
effect(() => {
  if (account.value !== null) return
  watching?.()
  watching = null
  clearTimeout(again)
  tasks.value = new Map()
  criticals.value = new Map()
  inbox.value = []
  quarantine.value = []
  reassignments.value = []
  corrected.value = new Map()
  ready.value = false
  fault.value = null
})

/** Begins to follow the clinic's work; it is followed until logout. */
export function watch(): void {
  if (watching) return
  watching = live.listen({ event: take, resync: () => void reload() })
  void reload()
}

/** Midnight in Shanghai before the hub's now, as RFC 3339. */
export function todayStart(now: number): string {
  const china = 8 * 3600_000
  return new Date(Math.floor((now + china) / 86_400_000) * 86_400_000 - china).toISOString()
}

/** Reads everything again. */
export async function reload(): Promise<void> {
  const began = version
  const [work, found] = await Promise.allSettled([Promise.all([listTasks(pressing), listRead(todayStart(hubNow())), searchOrders('', todayStart(hubNow()))]), listCritical('open')])
  if (found.status === 'fulfilled') criticals.value = new Map((found.value as CriticalView[]).map((c) => [c.id, c]))
  if (work.status === 'fulfilled') {
    const [open, read, orders] = work.value
    const list = [...open, ...read, ...orders.flatMap((o) => (o.task ? [o.task] : []))] as ClinicTask[]
    const next = new Map<string, ClinicTask>()
    for (const [k, x] of tasks.peek()) if ((touched.get(k) ?? 0) > began) next.set(k, x)
    for (const x of list) if (!next.has(x.id)) next.set(x.id, x)
    tasks.value = next
    ready.value = true
  }
  const failed = [work, found].find((r) => r.status === 'rejected')
  fault.value = failed ? asProblem(failed.reason) : null
  await reloadLists()
}

/** Reads the lists that have no events of their own. */
export async function reloadLists(): Promise<void> {
  clearTimeout(again)
  again = undefined
  const [waiting, kept, asked] = await Promise.allSettled([listInbox(), listQuarantine(), listReassignments()])
  if (waiting.status === 'fulfilled') inbox.value = waiting.value
  if (kept.status === 'fulfilled') quarantine.value = kept.value
  if (asked.status === 'fulfilled') reassignments.value = asked.value
  await reloadRepeats()
}

/** Asks of each defective ECG whether it has been recorded again. */
async function reloadRepeats(): Promise<void> {
  const open = [...tasks.peek().values()].filter((x) => isDefective(x) && x.recording && !corrected.peek().has(x.id))
  const found = await Promise.all(open.map(async (x) => [x.id, (await getRecording(x.recording).catch(() => null))?.corrected_by?.at] as const))
  const repeats = found.flatMap(([id, at]) => (at ? [[id, at] as const] : []))
  if (repeats.length > 0) corrected.value = new Map([...corrected.peek(), ...repeats])
}

/** Puts a task's newest form into the list: an event, or an answer of the hub. */
export function put(x: ClinicTask): void {
  version++
  touched.set(x.id, version)
  tasks.value = new Map(tasks.peek()).set(x.id, x)
}

/** Puts a critical value's newest form into the list; finished ones leave. */
export function putCritical(c: CriticalView): void {
  const next = new Map(criticals.peek())
  if (c.state === 'closed' || c.state === 'withdrawn') next.delete(c.id)
  else next.set(c.id, c)
  criticals.value = next
}

function take(e: LiveEvent): void {
  if (e.task) {
    const known = tasks.peek().get(e.task.id)
    put(e.task as ClinicTask)
    if (known?.state !== e.task.state) light(e.task.id)
    later()
  }
  if (e.critical) putCritical(e.critical as CriticalView)
  if (/^(quarantine|reassign|task\.reassign|inbox)/.test(e.event)) later()
}

/** A burst of events reads the lists once. */
function later(): void {
  again ??= setTimeout(() => void reloadLists(), listsAgainMs)
}

function light(id: string): void {
  fresh.value = new Set(fresh.peek()).add(id)
  setTimeout(() => {
    const rest = new Set(fresh.peek())
    rest.delete(id)
    fresh.value = rest
  }, freshMs)
}
