import { ask } from './api'
import type { Critical, Page } from './types'

/** Starts the loop of a critical value; the clinic is told at once. */
export function raiseCritical(task: string, items: readonly string[], text: string): Promise<Critical> {
  return ask<Critical>(`/api/v1/tasks/${encodeURIComponent(task)}/critical`, { method: 'POST', body: { items, text } })
}

/** The critical values in a state ("open": not yet closed). */
export async function listCritical(state: string): Promise<Critical[]> {
  return (await ask<Page<Critical>>(`/api/v1/critical-values?state=${encodeURIComponent(state)}`)).items
}

export type CriticalAction = 'receive' | 'handle' | 'close' | 'withdraw'

export function actCritical(id: string, action: CriticalAction, body: Record<string, unknown> = {}): Promise<Critical> {
  return ask<Critical>(`/api/v1/critical-values/${encodeURIComponent(id)}/${action}`, { method: 'POST', body })
}
