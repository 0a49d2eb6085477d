import { ask } from './api'
import type { Critical, Kind, Page, Patient, Priority, Task } from './types'

const id = encodeURIComponent

/** A task as the clinic's pages use it. */
export interface ClinicTask extends Task {
  created_at: string | null
  /** entered, draft (made from objects) or imported. */
  origin: string
}

/** A critical value with the line of its patient and the times due. */
export interface CriticalView extends Critical {
  member_name: string
  item_names: string[]
  kind: Kind
  exam: string
  patient: Patient
  found_by: string
  limits: { notify: string; receive: string; handle: string } | null
  phone?: string
  reason?: string
}

export type Visit = 'outpatient' | 'emergency' | 'inpatient' | 'healthcheck'

/** What an order form fills in (domain rules, section 2). */
export interface OrderForm {
  patient_name: string
  sex: string
  birth_date: string
  age: string
  id_type: string
  id_number: string
  id_reason: string
  phone: string
  patient_id: string
  visit: Visit
  department: string
  doctor: string
  kind: Kind | ''
  item: string
  item_name: string
  modality: string
  body_part: string
  laterality: string
  method: string
  history: string
  purpose: string
  symptom: string
  onset: string
  bp: string
  pacemaker: boolean
  drugs: string
  pregnancy: string
  priority: Priority
}

export interface Order extends OrderForm {
  id: string
  accession: string
  origin: string
  owed?: string[]
  created_at: string
  cancelled: boolean
  task?: ClinicTask | null
}

export interface Item {
  code: string
  name: string
  kind: Kind
  modality: string
  body_part: string
  days: number
  price: number
}

/** An earlier result that may stand for a new exam, or why it may not. */
export interface Candidate {
  report: string
  study: string
  item: string
  item_name?: string
  member: string
  member_name?: string
  exam_at: string
  age_days: number
  mark: string
  eligible: boolean
  cause: string
  /** The cause as a sentence. */
  cause_text?: string
  impression?: string
}

export interface Decision {
  candidate: string
  decision: 'recognise' | 'decline'
  reason: string
  explained: boolean
  text: string
}

export interface Made {
  id: string
  accession: string
  task: string
  owed: string[]
}

export interface InboxItem {
  task: ClinicTask
  suggestions: { order: string; accession: string; patient_name: string; score: number; why: string[] }[]
}

export interface Quarantined {
  id: string
  code: string
  detail: string
  name: string
  size: number
  source: string
  created_at: string
  resolved_at?: string
}

/** A correction of patient or order that waits for a second person. */
export interface Reassignment {
  id: string
  task: string
  state: 'asked' | 'confirmed' | 'refused'
  reason: string
  asked_by_name: string
  asked_at: string
  /** Whether the caller's side has to decide. */
  mine: boolean
  from_order: string
  /** '' until the clinic names the right order. */
  to_order: string
  new_task: string
}

export async function searchOrders(text: string, from: string, signal?: AbortSignal): Promise<Order[]> {
  const body = { text, ...(from ? { from } : {}) }
  return (await ask<Page<Order>>('/api/v1/orders/search', { method: 'POST', body, ...(signal ? { signal } : {}) })).items
}

/** Bounds one reading of confirmed reports: ten pages of two hundred. */
const readPages = 10

/** Exams made since a time whose report was confirmed as read. */
export async function listRead(since: string): Promise<ClinicTask[]> {
  const all: ClinicTask[] = []
  let cursor: string | null = null
  for (let page = 0; page < readPages; page++) {
    const query = new URLSearchParams({ state: 'acknowledged', since, limit: '200', ...(cursor ? { cursor } : {}) })
    const got: Page<ClinicTask> = await ask<Page<ClinicTask>>(`/api/v1/tasks?${query}`)
    all.push(...got.items)
    if (!got.next) break
    cursor = got.next
  }
  return all.filter((x) => (x.created_at ?? '') >= since)
}

export function getOrder(order: string): Promise<Order> {
  return ask<Order>(`/api/v1/orders/${id(order)}`)
}

export function createOrder(form: Partial<OrderForm>, decisions: readonly Decision[], consent: boolean): Promise<Made> {
  return ask<Made>('/api/v1/orders', { method: 'POST', body: { ...form, decisions, consent } })
}

export function changeOrder(order: string, form: Partial<OrderForm>): Promise<Order> {
  return ask<Order>(`/api/v1/orders/${id(order)}`, { method: 'PATCH', body: form })
}

export function cancelOrder(order: string, reason: string): Promise<ClinicTask> {
  return ask<ClinicTask>(`/api/v1/orders/${id(order)}/cancel`, { method: 'POST', body: { reason } })
}

export async function listItems(): Promise<Item[]> {
  return (await ask<Page<Item>>('/api/v1/items')).items
}

export async function listCandidates(idNumber: string, item: string, signal?: AbortSignal): Promise<Candidate[]> {
  const body = { id_number: idNumber, item }
  const got = await ask<{ items?: Candidate[]; candidates?: Candidate[] }>('/api/v1/recognition/candidates', { method: 'POST', body, ...(signal ? { signal } : {}) })
  return got.items ?? got.candidates ?? []
}

export function recognise(idNumber: string, item: string, decisions: readonly Decision[]): Promise<{ saved: number }> {
  return ask('/api/v1/recognition/decisions', { method: 'POST', body: { id_number: idNumber, item, decisions } })
}

export async function listInbox(): Promise<InboxItem[]> {
  return (await ask<Page<InboxItem>>('/api/v1/inbox')).items
}

export function matchInbox(task: string, order: string): Promise<ClinicTask> {
  return ask<ClinicTask>(`/api/v1/inbox/${id(task)}/match`, { method: 'POST', body: { order } })
}

export async function listQuarantine(): Promise<Quarantined[]> {
  return (await ask<Page<Quarantined>>('/api/v1/quarantine')).items.filter((q) => !q.resolved_at)
}

export function settleQuarantine(entry: string, how: 'resolve' | 'retry', reason = ''): Promise<unknown> {
  return ask(`/api/v1/quarantine/${id(entry)}/${how}`, { method: 'POST', body: { reason } })
}

export async function listReassignments(): Promise<Reassignment[]> {
  return (await ask<Page<Reassignment>>('/api/v1/reassignments')).items
}

export function askReassignment(task: string, body: { order?: string; reason: string } & Partial<OrderForm>): Promise<Reassignment> {
  return ask<Reassignment>(`/api/v1/tasks/${id(task)}/reassign`, { method: 'POST', body })
}

export function answerReassignment(entry: string, how: 'confirm' | 'refuse', body: { order?: string; reason?: string }): Promise<Reassignment> {
  return ask<Reassignment>(`/api/v1/reassignments/${id(entry)}/${how}`, { method: 'POST', body })
}
