import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { t } from '../../text/admin'
import { ProblemNote } from '../parts/blank'
import { Dialog } from '../parts/dialog'
import { Field } from '../parts/field'

export type Values = Record<string, string | boolean>

/** One field of a form dialog. */
export interface FieldSpec {
  key: string
  label: string
  kind?: 'text' | 'password' | 'number' | 'date' | 'select' | 'check' | 'area'
  options?: readonly (readonly [string, string])[]
  hint?: string
  required?: boolean
  /** Shown, but not changed. */
  fixed?: boolean
}

export interface FormProps {
  title: string
  verb: string
  fields: readonly FieldSpec[]
  start?: Values
  look?: 'primary' | 'danger'
  children?: ComponentChildren
  /** Stands below the fields. */
  note?: string
  testid: string
  /** Sends the form; a refusal is shown and the dialog stays. */
  onSend(v: Values): Promise<unknown>
  onClose(): void
}

/** A dialog made of a list of fields: what most of the administration needs. */
export function FormDialog(props: FormProps) {
  const [v, setV] = useState<Values>(() => ({ ...Object.fromEntries(props.fields.map((f) => [f.key, f.kind === 'check' ? false : f.options?.[0]?.[0] ?? ''])), ...props.start }))
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const lacks = props.fields.some((f) => f.required && String(v[f.key] ?? '').trim() === '')
  const go = async () => {
    setBusy(true)
    setFault(null)
    try {
      await props.onSend(v)
      props.onClose()
    } catch (refusal) {
      setFault(refusal)
      setBusy(false)
    }
  }
  return (
    <Dialog title={props.title} verb={props.verb} look={props.look ?? 'primary'} onDo={() => void go()} onClose={props.onClose} blocked={busy || lacks} testid={props.testid}>
      {props.children}
      {props.fields.map((f, i) => <One key={f.key} spec={f} first={i === 0} value={v[f.key] ?? ''} onChange={(x) => setV((old) => ({ ...old, [f.key]: x }))} />)}
      {props.note && <p class="quiet">{props.note}</p>}
      {fault !== null && <ProblemNote fault={fault} />}
    </Dialog>
  )
}

function One(props: { spec: FieldSpec; value: string | boolean; first: boolean; onChange(v: string | boolean): void }) {
  const { spec: f, value, onChange } = props
  const testid = `field-${f.key}`
  if (f.kind === 'check') {
    return <label class="check"><input type="checkbox" checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} data-testid={`field-${f.key}`} />{f.label}</label>
  }
  const text = String(value)
  return (
    <Field label={f.required ? `${f.label} *` : f.label} {...(f.hint ? { hint: f.hint } : {})}>
      {f.kind === 'select' ? (
        <select class="input" value={text} disabled={f.fixed ?? false} onChange={(e) => onChange(e.currentTarget.value)} data-testid={testid}>
          {f.options?.map(([k, word]) => <option key={k} value={k}>{word}</option>)}
        </select>
      ) : f.kind === 'area' ? (
        <textarea class="input" rows={3} autofocus={props.first} value={text} onInput={(e) => onChange(e.currentTarget.value)} data-testid={testid} />
      ) : (
        <input class="input" type={(f.kind ?? 'text') as 'text'} autofocus={props.first && !f.fixed} value={text} disabled={f.fixed ?? false} autocomplete={f.kind === 'password' ? 'new-password' : 'off'}
          onInput={(e) => onChange(e.currentTarget.value)} data-testid={testid} />
      )}
    </Field>
  )
}

/** "2026-11-22" at Shanghai's midnight as RFC 3339; undefined for none. */
export function dayStart(day: string | boolean | undefined): string | undefined {
  return typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day) ? new Date(`${day}T00:00:00+08:00`).toISOString() : undefined
}

/** A secret that is shown once, to be copied. */
export function SecretDialog(props: { title: string; help: string; secret: string; onClose(): void }) {
  return (
    <Dialog title={props.title} verb={t('done')} only onDo={props.onClose} onClose={props.onClose} testid="secret-dialog">
      <p>{props.help}</p>
      <input class="input num" readOnly value={props.secret} onFocus={(e) => e.currentTarget.select()} autofocus data-testid="secret" />
    </Dialog>
  )
}
