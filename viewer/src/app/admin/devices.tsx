import { useState } from 'preact/hooks'
import { type DeviceRow, list, type Member, send } from '../../load/admin'
import { t } from '../../text/admin'
import { stamp } from '../clock'
import { toast } from '../parts/toast'
import { type FieldSpec, FormDialog } from './form'
import { Register, useList } from './register'

/** Modalities and carts that send to the hub. */
export default function Devices() {
  const devices = useList(() => list<DeviceRow>('/api/v1/devices'))
  const members = useList(() => list<Member>('/api/v1/members'))
  const [open, setOpen] = useState<DeviceRow | 'new' | null>(null)
  const fields: FieldSpec[] = [
    ...(open === 'new' ? [{ key: 'member', label: t('member'), kind: 'select' as const, options: (members.rows ?? []).map((m) => [m.code, `${m.code} ${m.name}`] as const), required: true }] : []),
    { key: 'ae_title', label: t('aeTitle'), required: true, fixed: open !== 'new', hint: t('aeTitleHint') },
    { key: 'name', label: t('called'), required: true },
    { key: 'address', label: t('address'), hint: t('addressHint') },
    { key: 'kind', label: t('deviceKind'), hint: 'DX CR CT MR US ECG' },
    { key: 'auto_submit', label: t('autoSubmit'), kind: 'check' },
    ...(open === 'new' ? [] : [{ key: 'active', label: t('active'), kind: 'check' as const }]),
  ]
  return (
    <Register testid="devices" title={t('devices')} list={devices} id={(d) => d.id} none={t('devicesNone')} onOpen={(x) => setOpen(x)} dim={(d) => !d.active}
      actions={<button type="button" class="btn primary" onClick={() => setOpen('new')} data-testid="device-add">{t('deviceAdd')}</button>}
      columns={[
        { key: 'ae', head: t('aeTitle'), width: '160px', cell: (d) => d.ae_title },
        { key: 'name', head: t('called'), cell: (d) => d.name },
        { key: 'member', head: t('member'), width: '110px', cell: (d) => d.member },
        { key: 'kind', head: t('deviceKind'), width: '80px', cell: (d) => d.kind },
        { key: 'auto', head: t('autoSubmit'), width: '110px', cell: (d) => t(d.auto_submit ? 'yes' : 'no') },
        { key: 'seen', head: t('lastSeen'), width: '150px', cell: (d) => <span class="num">{stamp(d.last_seen) || '—'}</span> },
        { key: 'n', head: t('instances'), width: '90px', right: true, cell: (d) => <span class="num">{d.instances}</span> },
      ]}>
      {open && <FormDialog testid="device-form" title={open === 'new' ? t('deviceAdd') : open.name} verb={t('save')} fields={fields} onClose={() => setOpen(null)}
        start={open === 'new' ? {} : { ae_title: open.ae_title, name: open.name, address: open.address, kind: open.kind, auto_submit: open.auto_submit, active: open.active }}
        onSend={async (v) => {
          if (open === 'new') await send('POST', '/api/v1/devices', v)
          else await send('PATCH', `/api/v1/devices/${encodeURIComponent(open.ae_title)}`, { name: v['name'], address: v['address'], kind: v['kind'], auto_submit: v['auto_submit'], active: v['active'] })
          toast(t('saved'), 'good')
          devices.reload()
        }} />}
    </Register>
  )
}
