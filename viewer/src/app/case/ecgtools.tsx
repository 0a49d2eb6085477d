import { type Layout, layouts, type Paper } from '../../trace/layout'
import { t } from '../../text/case'
import { Icon } from '../parts/icon'
import { screenPxPerMm } from './calibrate'
import { layoutName } from './ecg'

export interface EcgToolsProps {
  layout: Layout
  onLayout(l: Layout): void
  paper: Paper
  onPaper(p: Paper): void
  truth: boolean
  onTruth(on: boolean): void
  marching: boolean
  onMarching(on: boolean): void
  onCalibrate(): void
  label: string
}

/** Arrangement, speed, gain and scale of the paper. */
export function EcgTools(props: EcgToolsProps) {
  const { paper } = props
  const known = screenPxPerMm.value.measured
  return (
    <div class="tools" role="toolbar">
      {props.label && <span class="quiet clip" style={{ maxWidth: '220px' }}>{props.label}</span>}
      {layouts.map((l, i) => (
        <button key={l} class="btn plain small" aria-pressed={props.layout === l} title={`${t('layout')} (${i + 1})`} onClick={() => props.onLayout(l)} data-testid={`layout-${l}`}>
          {layoutName(l)}
        </button>
      ))}
      <span class="sep" />
      {([25, 50] as const).map((speed) => (
        <button key={speed} class="btn plain small num" aria-pressed={paper.speed === speed} title={`${t('speed')} (S)`} onClick={() => props.onPaper({ ...paper, speed })} data-testid={`speed-${speed}`}>
          {speed} mm/s
        </button>
      ))}
      <span class="sep" />
      {([5, 10, 20] as const).map((gain) => (
        <button key={gain} class="btn plain small num" aria-pressed={paper.gain === gain} title={`${t('gain')} (+ −)`} onClick={() => props.onPaper({ ...paper, gain })} data-testid={`gain-${gain}`}>
          {gain}
        </button>
      ))}
      <span class="quiet" style={{ fontSize: '12px' }}>mm/mV</span>
      <span class="sep" />
      <button class="btn plain small" aria-pressed={props.truth} title={`${t('key_scale')} (Z)`} onClick={() => props.onTruth(!props.truth)} data-testid="true-size">{t('scaleTrue')}</button>
      <button class="btn plain small" aria-pressed={props.marching} title={`${t('march')} (M)`} onClick={() => props.onMarching(!props.marching)} data-testid="march"><Icon name="ruler" />{t('march')}</button>
      <button class="btn plain small end" onClick={props.onCalibrate} title={t('calibrateTitle')} data-testid="calibrate">
        {!known && <Icon name="warn" size={12} />}{known ? t('calibrated') : t('uncalibrated')}
      </button>
    </div>
  )
}
