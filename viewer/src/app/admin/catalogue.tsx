import { useState } from 'preact/hooks'
import { type CatalogueItem, list, type MarkRow, type Member, send } from '../../load/admin'
import type { Kind } from '../../load/types'
import { t } from '../../text/admin'
import { w } from '../../text/words'
import { stamp } from '../clock'
import { toast } from '../parts/toast'
import { dayStart, type FieldSpec, FormDialog } from './form'
import { nameIn, Register, useList } from './register'

const scopes = ['alliance', 'county', 'city', 'province', 'national'] as const
const kinds: readonly Kind[] = ['image', 'ecg', 'holter']

function scopeWord(s: string): string {
  const known = scopes.find((x) => x === s)
  return known ? t(`scope_${known}`) : s
}

/** The catalogue of exams and the institutions' marks for mutual recognition. */
export default function Catalogue() {
  const items = useList(() => list<CatalogueItem>('/api/v1/catalogue'))
  const marks = useList(() => list<MarkRow>('/api/v1/marks'))
  const members = useList(() => list<Member>('/api/v1/members'))
  const [open, setOpen] = useState<CatalogueItem | 'new' | null>(null)
  const [marking, setMarking] = useState(false)
  return (
    <div class="stack">
      <Register testid="catalogue" title={t('catalogue')} list={items} id={(i) => i.code} none={t('none')} onOpen={(x) => setOpen(x)} dim={(i) => !i.active}
        actions={<button type="button" class="btn primary" onClick={() => setOpen('new')} data-testid="item-add">{t('itemAdd')}</button>}
        columns={[
          { key: 'code', head: t('code'), width: '130px', cell: (i) => i.code },
          { key: 'name', head: t('called'), cell: (i) => i.name },
          { key: 'kind', head: t('kinds'), width: '90px', cell: (i) => w(`kind_${i.kind}`) },
          { key: 'modality', head: t('modality'), width: '80px', cell: (i) => i.modality },
          { key: 'scope', head: t('scope'), width: '90px', cell: (i) => scopeWord(i.scope) },
          { key: 'days', head: t('days'), width: '90px', right: true, cell: (i) => <span class="num">{i.days || '—'}</span> },
          { key: 'price', head: t('price'), width: '90px', right: true, cell: (i) => <span class="num">{i.price.toFixed(2)}</span> },
          { key: 'active', head: t('state'), width: '80px', cell: (i) => t(i.active ? 'active' : 'inactive') },
        ]}>
        {open && <ItemForm item={open === 'new' ? null : open} onClose={() => setOpen(null)} onDone={items.reload} />}
      </Register>
      <Register testid="marks" title={t('marks')} help={t('marksHelp')} list={marks} id={(m) => `${m.member}|${m.item}|${m.scope}|${m.from}`} none={t('marksNone')}
        actions={<button type="button" class="btn" onClick={() => setMarking(true)} data-testid="mark-add">{t('markAdd')}</button>}
        columns={[
          { key: 'member', head: t('member'), width: '180px', cell: (m) => nameIn(members.rows ?? [], m.member), title: (m) => m.member },
          { key: 'item', head: t('code'), width: '130px', cell: (m) => m.item },
          { key: 'label', head: t('label'), cell: (m) => m.label },
          { key: 'scope', head: t('scope'), width: '90px', cell: (m) => scopeWord(m.scope) },
          { key: 'from', head: t('from'), width: '120px', cell: (m) => <span class="num">{stamp(m.from).slice(0, 10)}</span> },
          { key: 'to', head: t('to'), width: '120px', cell: (m) => <span class="num">{stamp(m.to).slice(0, 10) || t('openEnd')}</span> },
        ]}>
        {marking && <FormDialog testid="mark-form" title={t('markAdd')} verb={t('save')} onClose={() => setMarking(false)} start={{ member: members.rows?.[0]?.code ?? '', item: items.rows?.[0]?.code ?? '' }}
          fields={[
            { key: 'member', label: t('member'), kind: 'select', options: (members.rows ?? []).map((m) => [m.code, `${m.code} ${m.name}`] as const) },
            { key: 'item', label: t('code'), kind: 'select', options: (items.rows ?? []).map((i) => [i.code, `${i.code} ${i.name}`] as const) },
            { key: 'label', label: t('label'), required: true, hint: t('labelHint') },
            { key: 'scope', label: t('scope'), kind: 'select', options: scopes.map((s) => [s, t(`scope_${s}`)] as const) },
            { key: 'from', label: t('from'), kind: 'date', required: true },
            { key: 'to', label: t('to'), kind: 'date', hint: t('toHint') },
          ]}
          onSend={async (v) => {
            await send('POST', '/api/v1/marks', { member: v['member'], item: v['item'], label: v['label'], scope: v['scope'], from: dayStart(v['from']), to: dayStart(v['to']) })
            toast(t('saved'), 'good')
            marks.reload()
          }} />}
      </Register>
    </div>
  )
}

function ItemForm(props: { item: CatalogueItem | null; onClose(): void; onDone(): void }) {
  const i = props.item
  const fields: FieldSpec[] = [
    { key: 'code', label: t('code'), required: true, fixed: i !== null },
    { key: 'name', label: t('called'), required: true },
    { key: 'kind', label: t('kinds'), kind: 'select', options: kinds.map((k) => [k, w(`kind_${k}`)] as const) },
    { key: 'modality', label: t('modality'), hint: 'DX CR CT MR US ECG' },
    { key: 'body_part', label: t('bodyPart') },
    { key: 'scope', label: t('scope'), kind: 'select', options: scopes.map((s) => [s, t(`scope_${s}`)] as const) },
    { key: 'days', label: t('days'), kind: 'number', hint: t('daysHint') },
    { key: 'min_grade', label: t('minGrade'), kind: 'select', options: [['A', 'A'], ['B', 'B'], ['C', 'C']] },
    { key: 'price', label: t('price'), kind: 'number' },
    { key: 'active', label: t('active'), kind: 'check' },
  ]
  const start = i ? { ...i, days: String(i.days), price: String(i.price) } : { active: true, days: '30', min_grade: 'B', price: '0' }
  return (
    <FormDialog testid="item-form" title={i?.name ?? t('itemAdd')} verb={t('save')} fields={fields} start={start} onClose={props.onClose}
      onSend={async (v) => {
        await send('PUT', `/api/v1/catalogue/${encodeURIComponent(String(v['code']))}`, { ...v, days: Number(v['days']), price: Number(v['price']) })
        toast(t('saved'), 'good')
        props.onDone()
      }} />
  )
}
