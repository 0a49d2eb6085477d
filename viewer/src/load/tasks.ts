import { ask } from './api'
import type { Page, Task, TaskState } from './types'

/** Bounds one list: a reading room never has more waiting than it can show. */
const maxPages = 10

/** Reads the tasks of some states in queue order, page by page. */
export async function listTasks(states: readonly TaskState[], signal?: AbortSignal): Promise<Task[]> {
  const all: Task[] = []
  let cursor: string | null = null
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({ state: states.join(','), limit: '200', ...(cursor ? { cursor } : {}) })
    const got: Page<Task> = await ask<Page<Task>>(`/api/v1/tasks?${query}`, signal ? { signal } : {})
    all.push(...got.items)
    if (!got.next) break
    cursor = got.next
  }
  return all
}

/** Reads one task. */
export function getTask(id: string, signal?: AbortSignal): Promise<Task> {
  return ask<Task>(`/api/v1/tasks/${encodeURIComponent(id)}`, signal ? { signal } : {})
}

/** A centre that a task can be handed over to. */
export interface Tier {
  code: string
  name: string
}

/** To whom a task can be handed up, the usual one first. */
export async function listTiers(task: string, signal?: AbortSignal): Promise<Tier[]> {
  return (await ask<Page<Tier>>(`/api/v1/tasks/${encodeURIComponent(task)}/tiers`, signal ? { signal } : {})).items
}

export type TaskAction =
  | 'submit' | 'claim' | 'release' | 'escalate' | 'return' | 'resubmit' | 'transfer' | 'recall' | 'approve' | 'reject' | 'sign' | 'preliminary'
  | 'waive' | 'priority' | 'acknowledge' | 'revise' | 'void' | 'void_refuse' | 'cancel' | 'addendum' | 'renew' | 'opened'

/** Does something to a task and returns it as it then is. */
export function act(id: string, action: TaskAction, body: Record<string, unknown> = {}): Promise<Task> {
  return ask<Task>(`/api/v1/tasks/${encodeURIComponent(id)}/${action}`, { method: 'POST', body })
}
