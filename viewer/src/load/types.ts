/** The hub's JSON forms (docs/design.md, contracts). Times are RFC 3339 UTC. */

export type Role =
  | 'tech' | 'clinician' | 'reader' | 'reviewer' | 'expert' | 'dispatcher' | 'qc' | 'admin' | 'secadmin' | 'auditor' | 'regulator'

export type TaskState =
  | 'draft' | 'uploading' | 'queued' | 'claimed' | 'returned' | 'written' | 'issued' | 'delivered' | 'acknowledged' | 'cancelled'
  | 'void_pending' | 'void'

export type Kind = 'image' | 'ecg' | 'holter' | 'consultation'

/** 0 green channel, 1 emergency, 2 urgent, 3 routine, 4 screening. */
export type Priority = 0 | 1 | 2 | 3 | 4

export interface Account {
  id: string
  login: string
  name: string
  member: { code: string; name: string }
  roles: Role[]
  rights: string[]
}

export interface Patient {
  id: string
  name: string
  sex: string
  birth_date: string
  age: string
}

/** An item of the critical list a machine saw a reason for; never a diagnosis. */
export interface Prealert {
  item: string
  evidence: string
  source?: string
}

/** A doubt the reader must see: a code with its values. */
export interface Warning {
  code: string
  values?: Record<string, string>
}

/** One reading to be done. Members stand by their code, people by their login; '' is none. */
export interface Task {
  id: string
  state: TaskState
  kind: Kind
  modality: string
  priority: Priority
  due: string | null
  member: string
  member_name: string
  centre: string
  centre_name: string
  /** The next tier, which may claim it as well; '' as long as it is not offered. */
  offered: string
  offered_name: string
  /** The centre that handed it over, which may still look at it. */
  handed_from: string
  handed_from_name: string
  order: string
  accession: string
  /** Study Instance UID of the first study. */
  study: string
  studies: string[]
  recording: string
  report: string
  version: number
  holder: string
  holder_name: string
  claim: number
  writer: string
  arrived: number
  expected: number
  complete: boolean
  /** Why an incomplete study may be issued. */
  waived: string
  warnings: Warning[]
  prealert: Prealert[]
  grade: string
  visit: string
  /** Code of the exam item and its name. */
  item: string
  item_name: string
  body_part: string
  laterality: string
  department: string
  doctor: string
  history: string
  purpose: string
  symptom: string
  owed: string[]
  thumbnail: string | null
  returned: { reason: string; text: string; at: string } | null
  patient: Patient
  t_exam: string | null
  t_submit: string | null
  t_claim: string | null
  t_first_image: string | null
  t_prelim: string | null
  t_written: string | null
  t_signed: string | null
  t_delivered: string | null
  t_ack: string | null
}

/** One difference between the writer's text and what the reviewer signed. */
export interface Change {
  field: string
  before: string
  after: string
}

export interface Addendum {
  text: string
  by: string
  at: string
}

export interface Report {
  id: string
  task: string
  version: number
  state: 'draft' | 'preliminary' | 'written' | 'issued' | 'void'
  findings: string
  impression: string
  recommendation: string
  positive: boolean
  critical: boolean
  grade?: string
  writer: string
  writer_name?: string
  reviewer: string
  reviewer_name?: string
  written_at?: string | null
  signed_at?: string | null
  reason?: string
  addenda?: Addendum[]
  diff?: Change[]
}

export interface Template {
  id: string
  name: string
  findings: string
  impression: string
  kind: Kind
  modality: string
}

export interface Prior {
  task: string
  study_uid: string
  recording: string
  report: string
  exam_at: string
  item: string
  item_name: string
  member: string
  member_name: string
  impression: string
  kind: Kind
}

export interface Critical {
  id: string
  task: string
  member: string
  state: 'notified' | 'received' | 'handled' | 'closed' | 'withdrawn'
  items: string[]
  text: string
  found_at: string
  received_at?: string
  received_by?: string
  read_back?: string
  handled_at?: string
  outcome?: string
  handling?: string
}

export interface Page<T> {
  items: T[]
  next: string | null
}

/** Whether a task is read on the ECG page, in the words of ECG. */
export function isEcg(kind: Kind): boolean {
  return kind === 'ecg' || kind === 'holter'
}
