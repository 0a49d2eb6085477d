import { useState } from 'preact/hooks'
import type { Item, Visit } from '../../load/clinic'
import type { Priority } from '../../load/types'
import { initials } from '../../text/pinyin'
import { t } from '../../text/order'
import { w } from '../../text/words'
import { Choice, Field } from '../parts/field'
import { checkId } from './idcard'
import { type AgeUnit, asksPregnancy, isEmergency, type OrderDraft, today } from './orderdraft'

export interface FieldsProps {
  d: OrderDraft
  set(patch: Partial<OrderDraft>): void
  /** Fields to mark: they lack something. */
  bad: ReadonlySet<string>
  locked: boolean
}

type TextKey = { [K in keyof OrderDraft]: OrderDraft[K] extends string ? K : never }[keyof OrderDraft]

function Text(props: FieldsProps & { name: TextKey & Parameters<typeof t>[0]; type?: 'text' | 'tel'; autofocus?: boolean; hint?: string; fault?: string }) {
  const { d, set, name, bad } = props
  return (
    <Field label={t(name)} {...(props.hint ? { hint: props.hint } : {})} {...(props.fault ? { fault: props.fault } : {})}>
      <input class="input" type={(props.type ?? 'text') as 'text'} value={d[name] as string} disabled={props.locked} autofocus={props.autofocus ?? false} autocomplete="off"
        aria-invalid={bad.has(name) || Boolean(props.fault)} onInput={(e) => set({ [name]: e.currentTarget.value })} data-testid={`order-${name}`} />
    </Field>
  )
}

const noId = ['newborn', 'none', 'unknown_emergency'] as const

/** Who: the ID number first, since it fills the rest. */
export function PatientFields(props: FieldsProps) {
  const { d, set, bad } = props
  const id = d.id_type === '' || d.id_type === '01' ? checkId(d.id_number, today()) : { state: 'empty' as const }
  return (
    <fieldset class="panel fields" disabled={props.locked}>
      <legend>{t('patient')}</legend>
      <Text {...props} name="id_number" autofocus {...(id.state === 'wrong' ? { fault: t('idWrong') } : id.state === 'ok' ? { hint: t('idOk') } : { hint: t('idHint', { n: d.id_number.trim().length }) })} />
      {d.id_number.trim() === '' && (
        <Choice testid="id-reason" label={t('noId')} value={(d.id_reason || '') as (typeof noId)[number] | ''} onChange={(v) => set({ id_reason: v })} options={noId.map((r) => [r, t(`noId_${r}`)] as const)} />
      )}
      <Text {...props} name="patient_name" />
      <Choice testid="order-sex" label={t('sex')} value={d.sex as 'M' | 'F' | 'O' | ''} onChange={(v) => set({ sex: v })} options={[['M', w('sex_M')], ['F', w('sex_F')], ['O', w('sex_O')]]} />
      {bad.has('sex') && <span class="bad small" aria-invalid="true" tabIndex={-1}>{t('lack_sex')}</span>}
      <div class="pair">
        <Text {...props} name="birth_date" hint={t('birthHint')} />
        <Field label={t('age')}>
          <span class="line">
            <input class="input num" inputMode="numeric" maxLength={3} value={d.ageNumber} disabled={d.birth_date !== ''} onInput={(e) => set({ ageNumber: e.currentTarget.value })} data-testid="order-age" />
            <select class="input" value={d.ageUnit} disabled={d.birth_date !== ''} onChange={(e) => set({ ageUnit: e.currentTarget.value as AgeUnit })} data-testid="order-age-unit">
              {(['Y', 'M', 'W', 'D'] as const).map((u) => <option key={u} value={u}>{t(`age_${u}`)}</option>)}
            </select>
          </span>
        </Field>
      </div>
      <div class="pair">
        <Text {...props} name="phone" type="tel" />
        <Text {...props} name="patient_id" />
      </div>
    </fieldset>
  )
}

const visits: readonly Visit[] = ['outpatient', 'emergency', 'inpatient', 'healthcheck']
const priorities = ['0', '1', '2', '3', '4'] as const

/** How urgent, from where, by whom. */
export function VisitFields(props: FieldsProps) {
  const { d, set } = props
  return (
    <fieldset class="panel fields" disabled={props.locked}>
      <legend>{t('visit')}</legend>
      <Choice testid="order-visit" label={t('visit')} value={d.visit} onChange={(v) => set({ visit: v })} options={visits.map((v) => [v, w(`visit_${v}` as 'visit_outpatient')] as const)} />
      <Choice testid="order-priority" label={t('priority')} value={String(d.priority) as (typeof priorities)[number]} onChange={(v) => set({ priority: Number(v) as Priority })}
        options={priorities.map((p) => [p, w(`priority_${p}`)] as const)} />
      <div class="pair">
        <Text {...props} name="department" />
        <Text {...props} name="doctor" />
      </div>
    </fieldset>
  )
}

const shownMost = 8

/** Which exam: typed by name, code or initials; the arrow keys choose. */
export function ExamFields(props: FieldsProps & { items: readonly Item[]; onItem(i: Item): void }) {
  const { d, items, set, bad, onItem } = props
  const [text, setText] = useState<string | null>(null)
  const [at, setAt] = useState(0)
  const q = (text ?? '').trim().toLowerCase()
  const fits = items.filter((i) => q === '' || i.name.toLowerCase().includes(q) || i.code.toLowerCase().includes(q) || initials(i.name).includes(q)).slice(0, shownMost)
  const choose = (i: Item) => {
    onItem(i)
    setText(null)
  }
  const keys = (e: KeyboardEvent) => {
    if (text === null) return
    if (e.key === 'ArrowDown') setAt((n) => Math.min(fits.length - 1, n + 1))
    else if (e.key === 'ArrowUp') setAt((n) => Math.max(0, n - 1))
    else if (e.key === 'Escape') setText(null)
    else if (e.key === 'Enter' && fits[at]) return choose(fits[at])
    else return
    e.preventDefault()
    e.stopPropagation()
  }
  const sided = !['HEAD', 'CHEST', 'ABDOMEN', 'HEART', ''].includes(d.body_part) || d.laterality !== ''
  return (
    <fieldset class="panel fields" disabled={props.locked}>
      <legend>{t('exam')}</legend>
      <Field label={t('item')} hint={t('itemHint')}>
        <input class="input" role="combobox" aria-expanded={text !== null} autocomplete="off" value={text ?? d.item_name} aria-invalid={bad.has('item') || bad.has('where')}
          onFocus={(e) => { setText(''); setAt(0); e.currentTarget.select() }} onBlur={() => setText(null)}
          onInput={(e) => { setText(e.currentTarget.value); setAt(0) }} onKeyDown={keys} data-testid="order-item" />
        {text !== null && (
          <div class="picklist short" role="listbox">
            {fits.map((i, n) => (
              <button type="button" key={i.code} tabIndex={-1} class="pickline" role="option" aria-selected={n === at} onMouseDown={(e) => { e.preventDefault(); choose(i) }} data-testid="order-item-option">
                <strong>{i.name}</strong><span class="quiet num">{i.code}</span>
              </button>
            ))}
            {fits.length === 0 && <p class="quiet pad">{t('itemNone')}</p>}
          </div>
        )}
      </Field>
      <div class="pair">
        <Text {...props} name="body_part" />
        {sided && (
          <Field label={t('laterality')}>
            <select class="input" value={d.laterality} onChange={(e) => set({ laterality: e.currentTarget.value })} data-testid="order-laterality">
              {(['', 'L', 'R', 'B'] as const).map((v) => <option key={v} value={v}>{t(`side_${v || 'none'}`)}</option>)}
            </select>
          </Field>
        )}
      </div>
    </fieldset>
  )
}

/** Why: history, purpose, and what this kind of exam must know. */
export function ClinicalFields(props: FieldsProps) {
  const { d, set, bad } = props
  return (
    <fieldset class="panel fields" disabled={props.locked}>
      <legend>{t('clinical')}</legend>
      <Text {...props} name="symptom" {...(isEmergency(d) ? { hint: t('symptomHint') } : {})} />
      <Field label={t('history')}>
        <textarea class="input" rows={3} value={d.history} aria-invalid={bad.has('history')} onInput={(e) => set({ history: e.currentTarget.value })} data-testid="order-history" />
      </Field>
      <Text {...props} name="purpose" />
      {d.kind === 'ecg' && (
        <div class="pair">
          <Text {...props} name="onset" />
          <Text {...props} name="bp" />
          <Text {...props} name="drugs" />
          <label class="check"><input type="checkbox" checked={d.pacemaker} onChange={(e) => set({ pacemaker: e.currentTarget.checked })} data-testid="order-pacemaker" />{t('pacemaker')}</label>
        </div>
      )}
      {asksPregnancy(d) && (
        <Field label={t('pregnancy')}>
          <Choice testid="order-pregnancy" label={t('pregnancy')} value={d.pregnancy as 'no' | 'yes' | 'unknown' | ''} onChange={(v) => set({ pregnancy: v })}
            options={[['no', t('pregnancy_no')], ['yes', t('pregnancy_yes')], ['unknown', t('pregnancy_unknown')]]} />
        </Field>
      )}
      <label class="check consent"><input type="checkbox" checked={d.consent} aria-invalid={bad.has('consent')} onChange={(e) => set({ consent: e.currentTarget.checked })} data-testid="order-consent" />{t('consent')}</label>
    </fieldset>
  )
}
