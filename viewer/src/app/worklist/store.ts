import { computed, effect, signal } from '@preact/signals'
import { live, type LiveEvent } from '../../load/live'
import { asProblem, type Problem } from '../../load/problem'
import { account } from '../../load/session'
import { listTasks } from '../../load/tasks'
import type { Task, TaskState } from '../../load/types'
import { reads } from './queue'

/** Every task this screen knows, by id; live events keep it true. */
export const tasks = signal<ReadonlyMap<string, Task>>(new Map())
/** Those that the own centre may read; what it handed over went elsewhere. */
export const own = computed(() => [...tasks.value.values()].filter((t) => reads(t, account.value?.member.code ?? '')))
/** Tasks that came in while watching; a row lights up for a moment. */
export const fresh = signal<ReadonlySet<string>>(new Set())
/** Whether the open work has been read once. */
export const ready = signal(false)
export const fault = signal<Problem | null>(null)
/** Whether finished work has been read; it is asked for when looked at. */
export const finishedReady = signal(false)

const open: readonly TaskState[] = ['queued', 'claimed', 'written']
const finished: readonly TaskState[] = ['issued', 'delivered', 'acknowledged']
const freshMs = 2600

let watching: (() => void) | null = null
let reading: AbortController | null = null

/** Begins to watch the queue; from then on it is followed until logout. */
export function watch(): void {
  if (watching) return
  watching = live.listen({ event: take, resync: () => void reload() })
  void reload()
}

// A list that could not be read is read as soon as the line is back.
effect(() => {
  if (live.line.value === 'live' && watching && fault.peek()) void reload()
})

// Another account must not see what this one saw.
effect(() => {
  if (account.value !== null) return
  watching?.()
  watching = null
  reading?.abort()
  tasks.value = new Map()
  fresh.value = new Set()
  ready.value = false
  finishedReady.value = false
  fault.value = null
})

/** Reads all open work again. */
export async function reload(): Promise<void> {
  reading?.abort()
  const mine = new AbortController()
  reading = mine
  const began = version
  try {
    const list = await listTasks(finishedReady.peek() ? [...open, ...finished] : open, mine.signal)
    if (mine.signal.aborted) return
    merge(list, began, true)
    fault.value = null
    ready.value = true
  } catch (f) {
    if (!mine.signal.aborted) fault.value = asProblem(f)
  }
}

/** Reads finished work, once. */
export async function loadFinished(): Promise<void> {
  if (finishedReady.peek()) return
  try {
    merge(await listTasks(finished), version, false)
    finishedReady.value = true
  } catch (f) {
    fault.value = asProblem(f)
  }
}

// Events that arrived while a list was on its way are newer than the list.
let version = 0
const touched = new Map<string, number>()

function merge(list: readonly Task[], since: number, allOpen: boolean): void {
  const next = new Map(tasks.peek())
  const newer = (id: string) => (touched.get(id) ?? 0) > since
  for (const t of list) {
    if (!newer(t.id)) next.set(t.id, t)
  }
  const listed = new Set(list.map((t) => t.id))
  for (const [id, t] of next) {
    // Open work that the hub no longer lists has gone elsewhere meanwhile.
    if (allOpen && open.includes(t.state) && !listed.has(id) && !newer(id)) next.delete(id)
  }
  tasks.value = next
}

/** Puts a task's newest form into the list: an event, or an answer of the hub. */
export function put(t: Task): void {
  version++
  touched.set(t.id, version)
  tasks.value = new Map(tasks.peek()).set(t.id, t)
}

function take(e: LiveEvent): void {
  if (!e.task) return
  const known = tasks.peek().get(e.task.id)
  put(e.task)
  const arrived = e.task.state === 'queued' && known?.state !== 'queued'
  if (arrived) light(e.task.id)
}

function light(id: string): void {
  fresh.value = new Set(fresh.peek()).add(id)
  setTimeout(() => {
    const rest = new Set(fresh.peek())
    rest.delete(id)
    fresh.value = rest
  }, freshMs)
}
