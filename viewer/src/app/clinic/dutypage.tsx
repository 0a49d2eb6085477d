import { useEffect } from 'preact/hooks'
import { t } from '../../text/clinic'
import { Blank } from '../parts/blank'
import { lock } from './duty'
import { ClinicPage } from './frame'

/** Duty mode: opening the page locks the screen. */
export default function DutyPage() {
  useEffect(lock, [])
  return (
    <ClinicPage testid="duty">
      <Blank title={t('dutyTitle')}>
        <p>{t('dutyHelp')}</p>
        <button type="button" class="btn primary big" onClick={lock} data-testid="duty-lock">{t('dutyLock')}</button>
      </Blank>
    </ClinicPage>
  )
}
