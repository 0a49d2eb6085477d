import { ask } from './api'
import type { Kind, Page, Prior, Report, Template } from './types'

/** What a writer fills in. */
export interface Draft {
  findings: string
  impression: string
  recommendation: string
  positive: boolean
  critical: boolean
  grade: string
}

const id = encodeURIComponent

/** Saves the draft under a claim; a stale claim is refused by the hub. */
export function saveDraft(task: string, draft: Draft, claim: number, keepalive = false): Promise<Report> {
  return ask<Report>(`/api/v1/tasks/${id(task)}/report`, { method: 'PUT', body: { ...draft, claim }, keepalive })
}

export function getReport(report: string, signal?: AbortSignal): Promise<Report> {
  return ask<Report>(`/api/v1/reports/${id(report)}`, signal ? { signal } : {})
}

/** All versions of a report, the newest first. */
export async function listVersions(report: string): Promise<Report[]> {
  const { items } = await ask<Page<Report>>(`/api/v1/reports/${id(report)}/versions`)
  return [...items].sort((a, b) => b.version - a.version)
}

/** Earlier results of the same patient, the newest first. */
export async function listPriors(task: string, signal?: AbortSignal): Promise<Prior[]> {
  const { items } = await ask<Page<Prior>>(`/api/v1/tasks/${id(task)}/priors`, signal ? { signal } : {})
  return [...items].sort((a, b) => (a.exam_at < b.exam_at ? 1 : -1))
}

export async function listTemplates(kind: Kind): Promise<Template[]> {
  return (await ask<Page<Template>>(`/api/v1/templates?kind=${id(kind)}`)).items
}

/** One entry of the vocabulary of ECG reports. */
export interface Statement {
  code: string
  group: string
  zh: string
  en: string
  scp?: string
  aha?: number
  grade: 'normal' | 'minor' | 'abnormal' | 'critical'
  item?: string
}

/** The vocabulary of ECG reports, in the order in which a report is written. */
export async function listStatements(): Promise<Statement[]> {
  return (await ask<Page<Statement>>('/api/v1/ecg-statements')).items
}

/** The writer's own short texts. */
export async function listPhrases(): Promise<Template[]> {
  return (await ask<Page<Template>>('/api/v1/phrases')).items
}

export function addPhrase(p: { name: string; findings: string; impression: string; kind: Kind; modality: string }): Promise<Template> {
  return ask<Template>('/api/v1/phrases', { method: 'POST', body: p })
}

export function removePhrase(phrase: string): Promise<void> {
  return ask<void>(`/api/v1/phrases/${id(phrase)}`, { method: 'DELETE' })
}
