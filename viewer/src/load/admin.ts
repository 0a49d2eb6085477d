import { ask } from './api'
import type { Kind, Page, Role } from './types'

const id = encodeURIComponent

export interface Member {
  id: string
  code: string
  name: string
  level: string
  phone: string
}

/** An account as those see it who manage it. */
export interface AccountRow {
  id: string
  login: string
  name: string
  member: string
  role: Role
  rights: string[]
  title: string
  certificate: string
  phone: string
  skills: string[]
  active: boolean
  auto_submit: boolean
  has_password: boolean
  has_totp: boolean
  locked: boolean
}

export interface TokenRow {
  id: string
  name: string
  created_at: string
  seen_at: string
  expires_at?: string
}

export interface AgreementRow {
  id: string
  source: string
  centre: string
  kinds: Kind[]
  from: string
  to?: string
  fallback: boolean
}

export interface DutyRow {
  account: string
  name: string
  role: Role
  member: string
  kind: string
  from: string
  to?: string
}

export interface CatalogueItem {
  code: string
  name: string
  kind: Kind
  modality: string
  body_part: string
  scope: string
  days: number
  min_grade: string
  price: number
  active: boolean
}

export interface MarkRow {
  member: string
  item: string
  label: string
  scope: string
  from: string
  to?: string
}

export interface AuditRow {
  seq: number
  id: string
  at: string
  login: string
  role: string
  member: string
  ip: string
  action: string
  object: string
  ok: boolean
  reason: string
}

export interface Reader {
  login: string
  name: string
  role: Role
  title: string
  skills: string[]
  on_duty: boolean
}

export interface AllianceSummary {
  from: string
  to: string
  tasks: { member: string; kind: Kind; submitted: number; reported: number; returned: number; cancelled: number }[] | null
  timely: { due: number; in_time: number; rate: number | null }
  critical: { name: string; count: number }[] | null
  recognition: { decisions: { name: string; count: number }[] | null; saved: number }
}

/** Reads a whole list of the administration. */
export async function list<T>(path: string): Promise<T[]> {
  return (await ask<Page<T>>(path)).items
}

export function send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  return ask<T>(path, body === undefined ? { method } : { method, body })
}

export const accountPath = (login: string, rest = '') => `/api/v1/accounts/${id(login)}${rest}`

/** Records of the audit, the newest first, from before a number. */
export function listAudit(object: string, before: number | null): Promise<{ items: AuditRow[]; next: number | null }> {
  const query = new URLSearchParams({ ...(object ? { object } : {}), ...(before ? { before: String(before) } : {}) })
  return ask(`/api/v1/audit?${query}`)
}
