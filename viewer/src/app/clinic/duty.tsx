import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { account, login } from '../../load/session'
import { t } from '../../text/clinic'
import { idleMs } from '../idle'
import { ProblemNote } from '../parts/blank'
import { stamp, now } from '../clock'
import { silent, wake } from './sound'
import { unreceived } from './store'

const kept = 'yz.duty'

function keptLock(): boolean {
  try {
    return sessionStorage.getItem(kept) === '1'
  } catch {
    return false
  }
}

/** Whether this screen only keeps watch: no patient data, but it rings. */
export const locked = signal(keptLock())

/** Locks the screen; a reload leaves it locked. */
export function lock(): void {
  locked.value = true
  try {
    sessionStorage.setItem(kept, '1')
  } catch {
    // Without storage a reload asks for the session instead.
  }
}

function unlock(): void {
  locked.value = false
  try {
    sessionStorage.removeItem(kept)
  } catch {
    // As above.
  }
}

let watched = false
let lastInput = Date.now()

/** Locks a screen nobody has touched for as long as others are logged out. */
export function watchDuty(): void {
  if (watched) return
  watched = true
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel']) addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true })
  setInterval(() => {
    const roles = account.peek()?.roles ?? []
    if (roles.some((r) => r === 'tech' || r === 'clinician') && Date.now() - lastInput >= idleMs) lock()
  }, 10_000)
}

/** The locked screen, above everything, dialogs included. */
export function DutyScreen() {
  const box = useRef<HTMLDialogElement>(null)
  const [password, setPassword] = useState('')
  const [totp, setTotp] = useState('')
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const n = unreceived.value.length
  useEffect(() => {
    if (box.current && !box.current.open) box.current.showModal()
  }, [])
  const open = async (e: Event) => {
    e.preventDefault()
    setBusy(true)
    setFault(null)
    try {
      await login(account.peek()?.login ?? '', password, totp.trim())
      unlock()
    } catch (refusal) {
      setFault(refusal)
    }
    setBusy(false)
    setPassword('')
  }
  return (
    <dialog ref={box} class={`dutyscreen${n > 0 ? ' ringing' : ''}`} onCancel={(e) => e.preventDefault()} data-testid="duty-screen">
      <div class="clock num">{stamp(new Date(now.value).toISOString()).slice(11)}</div>
      <p class="member">{account.value?.member.name}</p>
      {n > 0 ? <p class="alarm" role="alert" data-testid="duty-alarm">{t('dutyAlarm', { n })}</p> : <p class="quiet">{t('dutyCalm')}</p>}
      {silent.value && n > 0 && <button type="button" class="btn big" onClick={wake} data-testid="duty-sound">{t('soundOn')}</button>}
      <form class="stack" onSubmit={(e) => void open(e)}>
        {fault !== null && <ProblemNote fault={fault} />}
        <input class="input" type="password" autocomplete="current-password" value={password} placeholder={t('dutyPassword', { name: account.value?.name ?? '' })}
          aria-label={t('dutyPassword', { name: account.value?.name ?? '' })} onInput={(e) => setPassword(e.currentTarget.value)} data-testid="duty-password" />
        <input class="input" inputMode="numeric" maxLength={6} autocomplete="one-time-code" value={totp} placeholder={t('dutyTotp')} aria-label={t('dutyTotp')}
          onInput={(e) => setTotp(e.currentTarget.value)} data-testid="duty-totp" />
        <button type="submit" class="btn primary big" disabled={busy || password === ''} data-testid="duty-unlock">{t('dutyUnlock')}</button>
      </form>
    </dialog>
  )
}
