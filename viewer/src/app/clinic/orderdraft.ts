import { hubNow } from '../../load/api'
import type { Item, Order, OrderForm } from '../../load/clinic'
import { ageString, checkId } from './idcard'

export type AgeUnit = 'Y' | 'M' | 'W' | 'D'

/** The form while it is filled in. */
export interface OrderDraft extends OrderForm {
  ageNumber: string
  ageUnit: AgeUnit
  consent: boolean
}

const blank: OrderDraft = {
  patient_name: '', sex: '', birth_date: '', age: '', id_type: '', id_number: '', id_reason: '', phone: '', patient_id: '', visit: 'outpatient',
  department: '', doctor: '', kind: '', item: '', item_name: '', modality: '', body_part: '', laterality: '', method: '', history: '', purpose: '',
  symptom: '', onset: '', bp: '', pacemaker: false, drugs: '', pregnancy: '', priority: 3, ageNumber: '', ageUnit: 'Y', consent: false,
}

/** A form to begin with: empty, or an order's. Department and doctor stay from order to order. */
export function beginDraft(order: Order | null, last: Pick<OrderForm, 'department' | 'doctor'>): OrderDraft {
  if (!order) return { ...blank, ...last }
  const d: OrderDraft = { ...blank, consent: true }
  const row = d as unknown as Record<string, unknown>
  for (const key of Object.keys(blank)) {
    const v = (order as unknown as Record<string, unknown>)[key]
    if (v !== undefined && v !== null) row[key] = v
  }
  const stated = /^(\d{3})([YMWD])$/.exec(order.age ?? '')
  if (stated) {
    d.ageNumber = String(Number(stated[1]))
    d.ageUnit = stated[2] as AgeUnit
  }
  return d
}

/** Today in Shanghai, "2026-11-21". */
export function today(): string {
  return new Date(hubNow() + 8 * 3600_000).toISOString().slice(0, 10)
}

/** Applies a change and what follows from it: an ID number fills sex and birth date. */
export function change(d: OrderDraft, patch: Partial<OrderDraft>): OrderDraft {
  const next = { ...d, ...patch }
  if (patch.id_number !== undefined) {
    const id = checkId(patch.id_number, today())
    if (id.state === 'ok') Object.assign(next, { birth_date: id.birth, sex: id.sex, id_type: '01', id_reason: '' })
  }
  if (patch.birth_date !== undefined) next.birth_date = dated(patch.birth_date)
  if (patch.visit === 'emergency' && next.priority > 1) next.priority = 1
  if (patch.visit !== undefined && patch.visit !== 'emergency' && d.visit === 'emergency' && d.priority === 1) next.priority = 3
  if (patch.priority !== undefined && patch.priority <= 1 && next.visit === 'outpatient') next.visit = 'emergency'
  return next
}

/** "19580312" as "1958-03-12": a date is typed in digits alone. */
export function dated(text: string): string {
  const m = /^(\d{4})[-/.年]?(\d{1,2}|\d{2})[-/.月]?(\d{2})$/.exec(text.trim())
  return m ? `${m[1]}-${m[2]!.padStart(2, '0')}-${m[3]}` : text.trim()
}

/** Takes over what a catalogue item says. */
export function withItem(d: OrderDraft, i: Item): OrderDraft {
  return { ...d, item: i.code, item_name: i.name, kind: i.kind, modality: i.modality, body_part: i.body_part, laterality: i.code === d.item ? d.laterality : '' }
}

export function isEmergency(d: Pick<OrderForm, 'priority' | 'visit'>): boolean {
  return d.priority <= 1 || d.visit === 'emergency'
}

export type Missing = 'patient_name' | 'sex' | 'birth_date' | 'id_number' | 'department' | 'doctor' | 'item' | 'history' | 'consent' | 'where'

/** What must still be filled in; an emergency needs a body part or a symptom only. */
export function missing(d: OrderDraft): Missing[] {
  if (checkId(d.id_number, today()).state === 'wrong' && (d.id_type === '' || d.id_type === '01')) return ['id_number']
  if (isEmergency(d)) return d.item || d.body_part || d.symptom.trim() ? [] : ['where']
  const out: Missing[] = []
  if (d.id_number.trim() === '' && d.id_reason === '') out.push('id_number')
  if (d.patient_name.trim() === '') out.push('patient_name')
  if (d.sex === '') out.push('sex')
  if (!/^\d{4}-\d\d-\d\d$/.test(d.birth_date) && ageString(d.ageNumber, d.ageUnit) === '') out.push('birth_date')
  if (d.item === '' && d.item_name.trim() === '') out.push('item')
  if (d.department.trim() === '') out.push('department')
  if (d.doctor.trim() === '') out.push('doctor')
  if ((d.history + d.purpose + d.symptom).trim() === '') out.push('history')
  if (!d.consent) out.push('consent')
  return out
}

/** Whether pregnancy must be asked: radiation, and a woman who may be pregnant. */
export function asksPregnancy(d: Pick<OrderDraft, 'modality' | 'sex' | 'birth_date'>): boolean {
  if (!['DX', 'CR', 'CT', 'MG', 'XA', 'RF'].includes(d.modality) || d.sex === 'M') return false
  if (d.birth_date === '') return d.sex === 'F'
  const years = (Date.parse(today()) - Date.parse(d.birth_date)) / (365.25 * 86_400_000)
  return d.sex === 'F' && years >= 10 && years <= 55
}

/** The form as the hub takes it. */
export function toForm(d: OrderDraft): OrderForm {
  const { ageNumber, ageUnit, consent: _, ...form } = d
  return { ...form, id_number: d.id_number.trim().toUpperCase(), age: d.birth_date ? '' : ageString(ageNumber, ageUnit) }
}
