import { useState } from 'preact/hooks'
import type { Series } from '../../image/series'
import { thumbnailOf } from '../../load/dicomweb'
import { t } from '../../text/case'

/** The name under which a dragged series travels. */
export const dragType = 'application/x-yuanzhen-series'

/** The strip of series with their small pictures; earlier exams below. */
export function Rail(props: { own: readonly Series[]; earlier: readonly Series[]; label: string; shown: readonly (Series | null)[]; onPick(s: Series): void }) {
  const item = (s: Series) => <Thumb key={s.uid} series={s} pressed={props.shown.some((x) => x?.uid === s.uid)} onPick={() => props.onPick(s)} />
  return (
    <div class="rail" data-testid="series-rail" aria-label={t('series')}>
      {props.own.map(item)}
      {props.earlier.length > 0 && <div class="sub clip" title={props.label}>{props.label}</div>}
      {props.earlier.map(item)}
    </div>
  )
}

function Thumb(props: { series: Series; pressed: boolean; onPick(): void }) {
  const { series } = props
  const [broken, setBroken] = useState(false)
  const name = series.description || t('seriesN', { n: series.number === 1e9 ? '' : series.number })
  return (
    <button class="thumb" aria-pressed={props.pressed} disabled={!series.pictures} onClick={props.onPick} title={name} draggable={series.pictures}
      onDragStart={(e) => e.dataTransfer?.setData(dragType, series.uid)} data-testid="series" data-uid={series.uid}>
      {series.pictures && !broken
        ? <img src={thumbnailOf(series)} alt="" loading="lazy" onError={() => setBroken(true)} draggable={false} />
        : <span class="none">{series.pictures ? series.modality : t('document')}</span>}
      <span class="clip" style={{ display: 'block' }}>{name}</span>
      {series.instances > 0 && <span class="num">{series.modality} · {series.instances}</span>}
    </button>
  )
}
