import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { assumedPxPerMm, cardMm, fromCard, recall, screenKey } from '../../trace/scale'
import { t } from '../../text/ecg'
import { Dialog } from '../parts/dialog'

/** CSS pixels per mm of this screen, and whether anybody has measured it. */
export const screenPxPerMm = signal(known())

function known(): { px: number; measured: boolean } {
  try {
    const px = recall(localStorage, screenKey(screen, devicePixelRatio || 1))
    if (px !== null) return { px, measured: true }
  } catch {
    // No storage, no calibration.
  }
  return { px: assumedPxPerMm, measured: false }
}

/** Measures the screen once with a bank card held against it. */
export function Calibrate(props: { onClose(): void }) {
  const [width, setWidth] = useState(Math.round(screenPxPerMm.peek().px * cardMm))
  const px = fromCard(width)
  const save = () => {
    if (px === null) return
    screenPxPerMm.value = { px, measured: true }
    try {
      localStorage.setItem(screenKey(screen, devicePixelRatio || 1), String(px))
    } catch {
      // It then holds as long as the page.
    }
    props.onClose()
  }
  return (
    <Dialog title={t('calibrateTitle')} verb={t('calibrateSave')} onDo={save} onClose={props.onClose} blocked={px === null} wide testid="calibrate-dialog">
      <p>{t('calibrateHint')}</p>
      <div class="card num" style={{ width: `${width}px` }}>85.60 mm</div>
      <input type="range" min={200} max={820} value={width} onInput={(e) => setWidth(Number(e.currentTarget.value))} aria-label={t('calibrateTitle')} data-testid="calibrate-range" />
    </Dialog>
  )
}
