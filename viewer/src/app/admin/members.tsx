import { useState } from 'preact/hooks'
import { list, type Member, send } from '../../load/admin'
import { t } from '../../text/admin'
import { toast } from '../parts/toast'
import { type FieldSpec, FormDialog } from './form'
import { Register, useList } from './register'

const levels = ['village', 'township', 'county', 'city', 'province'] as const

/** The institutions of the alliance. */
export default function Members() {
  const members = useList(() => list<Member>('/api/v1/members'))
  const [open, setOpen] = useState<Member | 'new' | null>(null)
  const fields: FieldSpec[] = [
    { key: 'code', label: t('code'), required: true, fixed: open !== 'new', hint: t('codeHint') },
    { key: 'name', label: t('called'), required: true },
    { key: 'level', label: t('level'), kind: 'select', options: levels.map((l) => [l, t(`level_${l}`)] as const) },
    { key: 'phone', label: t('dutyPhone') },
  ]
  return (
    <Register testid="members" title={t('members')} list={members} id={(m) => m.id} none={t('none')} onOpen={(x) => setOpen(x)}
      actions={<button type="button" class="btn primary" onClick={() => setOpen('new')} data-testid="member-add">{t('memberAdd')}</button>}
      columns={[
        { key: 'code', head: t('code'), width: '140px', cell: (m) => m.code },
        { key: 'name', head: t('called'), cell: (m) => m.name },
        { key: 'level', head: t('level'), width: '120px', cell: (m) => { const l = levels.find((x) => x === m.level); return l ? t(`level_${l}`) : '' } },
        { key: 'phone', head: t('dutyPhone'), width: '180px', cell: (m) => m.phone },
      ]}>
      {open && <FormDialog testid="member-form" title={open === 'new' ? t('memberAdd') : open.name} verb={t('save')} fields={fields} onClose={() => setOpen(null)}
        start={open === 'new' ? {} : { code: open.code, name: open.name, level: open.level, phone: open.phone }}
        onSend={async (v) => {
          if (open === 'new') await send('POST', '/api/v1/members', v)
          else await send('PATCH', `/api/v1/members/${encodeURIComponent(open.code)}`, { name: v['name'], level: v['level'], phone: v['phone'] })
          toast(t('saved'), 'good')
          members.reload()
        }} />}
    </Register>
  )
}
