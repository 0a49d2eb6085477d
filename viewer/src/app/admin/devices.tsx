import { useState } from 'preact/hooks'
import { list, type Member, send } from '../../load/admin'
import { type DeviceRow, services, type Stranger } from '../../load/devices'
import { t } from '../../text/admin'
import { d } from '../../text/devices'
import { stamp } from '../clock'
import { Icon } from '../parts/icon'
import { toast } from '../parts/toast'
import { type FieldSpec, FormDialog, type Values } from './form'
import { Forwards } from './forwards'
import { Refused } from './refused'
import { nameIn, Register, useList } from './register'

/** Modalities and carts that send to the hub, who was refused, and where copies go. */
export default function Devices() {
  const devices = useList(() => list<DeviceRow>('/api/v1/devices'))
  const members = useList(() => list<Member>('/api/v1/members'))
  const strangers = useList(() => list<Stranger>('/api/v1/devices/refused'))
  const [open, setOpen] = useState<{ device: DeviceRow | null; start: Values } | null>(null)
  const take = (s: Stranger) => {
    const known = devices.rows?.find((x) => x.ae_title === s.ae_title)
    if (!known) return setOpen({ device: null, start: { ae_title: s.ae_title, name: s.ae_title, address: s.address } })
    setOpen({ device: known, start: { ...valuesOf(known), ...(s.reason === 'address' ? { address: s.address } : {}), ...(s.reason === 'inactive' ? { active: true } : {}) } })
  }
  return (
    <div class="stack">
      <Register testid="devices" title={t('devices')} list={devices} id={(x) => x.id} none={t('devicesNone')} dim={(x) => !x.active}
        onOpen={(x) => setOpen({ device: x, start: valuesOf(x) })}
        actions={<button type="button" class="btn primary" onClick={() => setOpen({ device: null, start: {} })} data-testid="device-add">{t('deviceAdd')}</button>}
        columns={[
          { key: 'ae', head: t('aeTitle'), width: '150px', cell: (x) => x.ae_title },
          { key: 'name', head: t('called'), cell: (x) => x.name, title: (x) => x.name },
          { key: 'member', head: t('member'), width: '150px', cell: (x) => nameIn(members.rows ?? [], x.member), title: (x) => x.member },
          { key: 'kind', head: t('deviceKind'), width: '64px', cell: (x) => x.kind },
          { key: 'seen', head: t('lastSeen'), width: '140px', cell: (x) => <span class="num">{stamp(x.last_seen) || '—'}</span> },
          { key: 'today', head: d('today'), width: '64px', right: true, cell: (x) => <span class="num">{x.today}</span> },
          { key: 'n', head: d('total'), width: '80px', right: true, cell: (x) => <span class="num">{x.instances}</span> },
          { key: 'marks', head: d('state'), width: '210px', cell: (x) => <Marks of={x} />, title: (x) => (x.skewed ? d('clockHint') : '') },
          { key: 'error', head: d('lastError'), width: '170px', cell: (x) => <LastError of={x} />, title: (x) => [x.error_note, stamp(x.error_at)].filter(Boolean).join(' · ') },
        ]}>
        {open && <DeviceForm device={open.device} start={open.start} members={members.rows ?? []} onClose={() => setOpen(null)} onSaved={() => { devices.reload(); strangers.reload() }} />}
      </Register>
      <Refused list={strangers} members={members.rows ?? []} onTake={take} />
      <Forwards members={members.rows ?? []} />
    </div>
  )
}

/** "12 分", "3 小时", "2 天". */
export function span(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  if (minutes < 120) return d('minutes', { n: minutes })
  return minutes < 48 * 60 ? d('hours', { n: Math.round(minutes / 60) }) : d('days', { n: Math.round(minutes / 1440) })
}

function Marks(props: { of: DeviceRow }) {
  const x = props.of
  return (
    <span class="device-marks">
      {x.silent && <span class="mark bad" data-testid="device-silent"><Icon name="warn" />{d('silent')}</span>}
      {x.skewed && <span class="mark warn" data-testid="device-skewed"><Icon name="clock" />{d(x.skew_ms > 0 ? 'clockAhead' : 'clockBehind', { d: span(x.skew_ms) })}</span>}
      {x.refused > 0 && <span class="mark quiet" title={x.refused_for ? `${d(`reason_${x.refused_for}`)} · ${stamp(x.refused_at)}` : ''}>{d('refusedCount', { n: x.refused })}</span>}
    </span>
  )
}

function LastError(props: { of: DeviceRow }) {
  const x = props.of
  if (!x.last_error) return <span class="quiet">—</span>
  return <span><span class="bad num">{x.last_error === 'aborted' ? d('aborted') : x.last_error}</span> <span class="quiet num">{stamp(x.error_at)}</span></span>
}

const charsets = ['', 'GB18030', 'GBK', 'ISO_IR 192', 'ISO_IR 100', 'ISO_IR 6'] as const

function valuesOf(x: DeviceRow): Values {
  return {
    ae_title: x.ae_title, name: x.name, address: x.address, kind: x.kind, auto_submit: x.auto_submit, active: x.active, port: String(x.port), tls: x.tls,
    charset: x.charset, fingerprint: x.fingerprint, silent_hours: String(x.silent_hours), ...Object.fromEntries(services.map((s) => [`service_${s}`, x.services.includes(s)])),
  }
}

function DeviceForm(props: { device: DeviceRow | null; start: Values; members: readonly Member[]; onClose(): void; onSaved(): void }) {
  const { device } = props
  const fields: FieldSpec[] = [
    ...(device ? [] : [{ key: 'member', label: t('member'), kind: 'select' as const, options: props.members.map((m) => [m.code, `${m.code} ${m.name}`] as const), required: true }]),
    { key: 'ae_title', label: t('aeTitle'), required: true, fixed: device !== null, hint: t('aeTitleHint') },
    { key: 'name', label: t('called'), required: true },
    { key: 'address', label: t('address'), hint: t('addressHint') },
    { key: 'kind', label: t('deviceKind'), hint: 'DX CR CT MR US ECG' },
    { key: 'auto_submit', label: t('autoSubmit'), kind: 'check' },
    { key: 'silent_hours', label: d('silentHours'), kind: 'number', hint: d('silentHoursHint') },
    { key: 'port', label: d('port'), kind: 'number', hint: d('portHint') },
    { key: 'tls', label: d('tls'), kind: 'check' },
    { key: 'charset', label: d('charset'), kind: 'select', options: charsets.map((c) => [c, c || d('charsetDefault')] as const) },
    { key: 'fingerprint', label: d('fingerprint'), hint: d('fingerprintHint') },
    ...services.map((s) => ({ key: `service_${s}`, label: d(`service_${s}`), kind: 'check' as const })),
    ...(device ? [{ key: 'active', label: t('active'), kind: 'check' as const }] : []),
  ]
  return (
    <FormDialog testid="device-form" title={device ? device.name || device.ae_title : t('deviceAdd')} verb={t('save')} fields={fields} onClose={props.onClose}
      start={{ silent_hours: '0', port: '0', ...props.start }} note={d('servicesHint')}
      onSend={async (v) => {
        const body = {
          name: v['name'], address: v['address'], kind: v['kind'], auto_submit: v['auto_submit'], silent_hours: Number(v['silent_hours']), port: Number(v['port']), tls: v['tls'],
          charset: v['charset'], fingerprint: String(v['fingerprint']).trim().toLowerCase().replaceAll(':', ''), services: services.filter((s) => v[`service_${s}`] === true),
        }
        if (device) await send('PATCH', `/api/v1/devices/${encodeURIComponent(device.ae_title)}`, { ...body, active: v['active'] })
        else await send('POST', '/api/v1/devices', { ...body, ae_title: v['ae_title'], member: v['member'] })
        toast(t('saved'), 'good')
        props.onSaved()
      }} />
  )
}
