import { useSignalEffect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { account, hasRole } from '../../load/session'
import { t } from '../../text/clinic'
import { t as shell } from '../../text/shell'
import { uploads } from '../../load/uploadqueue'
import { CriticalBar } from './criticalbar'
import { DutyScreen, locked, watchDuty } from './duty'
import { ring, stopRinging } from './sound'
import { unreceived, watch } from './store'
import '../../style/clinic.css'

/** The frame of the clinic's pages: critical values first, then the page. */
export function ClinicPage(props: { children: ComponentChildren; testid: string }) {
  const clinic = hasRole('tech', 'clinician')
  useEffect(() => {
    if (!clinic) return
    watch()
    watchDuty()
    void uploads.resume(account.peek()?.login ?? '')
    const hurry = () => uploads.hurry()
    addEventListener('online', hurry)
    return () => removeEventListener('online', hurry)
  }, [clinic])
  // Sound and title follow what is open; leaving the clinic's pages ends both.
  useSignalEffect(() => {
    const n = unreceived.value.length
    if (n > 0) ring()
    else stopRinging()
    document.title = n > 0 ? `(${n}) ${t('criticalUnreceived')}` : shell('product')
  })
  useEffect(() => () => stopRinging(), [])
  return (
    <>
      {clinic && <CriticalBar />}
      <div class="inner clinic" data-testid={props.testid}>{props.children}</div>
      {clinic && locked.value && <DutyScreen />}
    </>
  )
}
