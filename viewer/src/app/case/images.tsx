import { useEffect, useMemo, useState } from 'preact/hooks'
import { firstSeries, type Series } from '../../image/series'
import { presets } from '../../image/presets'
import type { Task } from '../../load/types'
import type { Pane } from '../../tools/pane'
import type { Stage, ToolName } from '../../tools/stage'
import { t } from '../../text/case'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { ImagePane } from './pane'
import { Rail } from './rail'
import { ImageTools, tools } from './toolbar'
import { usePictures, useSeries } from './useseries'

export interface ImagesProps {
  task: Task
  /** A study to lay beside the present one. */
  prior: { study: string; label: string } | null
  /** The first picture is on the screen. */
  onShown(): void
}

/** The pictures of a study: series on the left, one or two panes, tools above. */
export function Images(props: ImagesProps) {
  const { task, prior } = props
  const studies = useMemo(() => [...new Set([task.study, ...task.studies].filter(Boolean)), ...(prior ? [prior.study] : [])], [task.study, task.studies.join(), prior?.study])
  const series = useSeries(studies, task.arrived)
  const pictures = usePictures()
  const stage = useStage()
  const [tool, setTool] = useState<ToolName>('window')
  const [shown, setShown] = useState<(Series | null)[]>([null])
  const [active, setActive] = useState(0)
  const [panes, setPanes] = useState<(Pane | null)[]>([])

  const own = studies.filter((s) => s !== prior?.study).flatMap((s) => series.lists.get(s) ?? [])
  const earlier = prior ? series.lists.get(prior.study) ?? [] : []
  useEffect(() => {
    if (!shown[0] && own.length > 0) setShown((s) => [firstSeries(own), ...s.slice(1)])
  }, [own.length])
  useEffect(() => {
    const match = earlier.find((s) => s.pictures && s.modality === shown[0]?.modality) ?? firstSeries(earlier)
    if (prior && match) setShown((s) => [s[0] ?? null, match])
    if (!prior) { setShown((s) => s.slice(0, 1)); setActive(0) }
  }, [prior?.study, earlier.length])

  const use = (name: ToolName) => { setTool(name); stage.value?.use(name) }
  const pane = () => panes[active] ?? null
  const put = (at: number, s: Series) => { setShown((all) => all.map((x, i) => (i === at ? s : x))); setActive(at) }
  const twoPanes = () => setShown((s) => (s.length > 1 ? s.slice(0, 1) : [s[0] ?? null, s[0] ?? null]))
  const otherSeries = (by: number) => {
    const list = [...own, ...earlier].filter((s) => s.pictures)
    const at = list.findIndex((s) => s.uid === shown[active]?.uid)
    const next = list[at + by]
    if (next) put(active, next)
  }
  useImageKeys({ pane, use, series: otherSeries, two: twoPanes, erase: () => stage.value?.erase(), modality: shown[active]?.modality ?? '' })

  if (stage.fault) return <div class="viewer"><div class="inner"><ProblemNote fault={stage.fault} onRetry={stage.retry} /></div></div>
  if (series.fault && own.length === 0) return <div class="viewer"><ProblemNote fault={series.fault} /></div>
  return (
    <div class="viewer" data-testid="images">
      <ImageTools tool={tool} onTool={use} pane={pane()} modality={shown[active]?.modality ?? ''} two={shown.length > 1} onTwo={twoPanes} cpu={stage.value?.onCpu ?? false} />
      <div class="pictures">
        <Rail own={own} earlier={earlier} label={prior?.label ?? ''} shown={shown} onPick={(s) => put(active, s)} />
        <div class="panes">
          {own.length === 0 && series.ready ? <Blank title={t('noSeries')}><p>{t('stillComing')}</p></Blank> : !stage.value && !shown[0] ? <Skeleton /> : (
            shown.map((s, i) => (
              <ImagePane key={i} stage={stage.value} series={s} pictures={pictures} active={i === active && shown.length > 1} onActive={() => setActive(i)}
                onReady={(p) => setPanes((all) => { const next = [...all]; next[i] = p; return next })} onDrop={(uid) => { const d = [...own, ...earlier].find((x) => x.uid === uid); if (d) put(i, d) }}
                onShown={props.onShown} />
            ))
          )}
        </div>
      </div>
    </div>
  )
}

/** The imaging library is a large chunk: it comes while thumbnails are looked at. */
function useStage(): { value: Stage | null; fault: unknown; retry(): void } {
  const [value, set] = useState<Stage | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let gone = false
    let made: Stage | null = null
    setFault(null)
    import('../../tools/stage').then((m) => {
      if (gone) return
      made = new m.Stage({ pixel: t('source_pixel'), calibrated: t('source_calibrated'), detector: t('source_detector'), region: t('source_region'), none: t('source_none') })
      set(made)
    }).catch((f: unknown) => { if (!gone) setFault(f) })
    return () => {
      gone = true
      made?.close()
      set(null)
    }
  }, [turn])
  return { value, fault, retry: () => setTurn((n) => n + 1) }
}

interface Hands {
  pane(): Pane | null
  use(t: ToolName): void
  series(by: number): void
  two(): void
  erase(): void
  modality: string
}

function useImageKeys({ pane, use, series, two, erase, modality }: Hands): void {
  const numbered = presets(modality)
  const flick = (by: number) => () => pane()?.step(by)
  useKeys({
    title: t('reading'),
    keys: [
      ...numbered.map((p, i) => ({ on: String(i + 1), says: `${t('preset')}: ${t(`preset_${p.name}`)}`, do: () => void pane()?.preset(i + 1) })),
      ...tools.map((x) => ({ on: x.key, says: t(`tool_${x.name}`), do: () => use(x.name) })),
      { on: 'ArrowDown', says: t('key_slice'), do: flick(1) },
      { on: 'ArrowUp', says: t('key_slice'), do: flick(-1), hidden: true },
      { on: 'PageDown', says: t('key_slices'), do: flick(10) },
      { on: 'PageUp', says: t('key_slices'), do: flick(-10), hidden: true },
      { on: 'Home', says: t('key_ends'), do: () => pane()?.go(0) },
      { on: 'End', says: t('key_ends'), do: () => pane()?.go(1e9), hidden: true },
      { on: 'ArrowRight', says: t('key_series'), do: () => series(1) },
      { on: 'ArrowLeft', says: t('key_series'), do: () => series(-1), hidden: true },
      { on: ' ', says: t('cine'), do: () => { const p = pane(); p?.play(!p.view.peek().playing) } },
      { on: 'i', says: t('invert'), do: () => pane()?.invert() },
      { on: 'o', says: t('rotate'), do: () => pane()?.rotate() },
      { on: 'f', says: t('flip'), do: () => pane()?.flip() },
      { on: '0', says: t('reset'), do: () => pane()?.reset() },
      { on: 'd', says: t('twoPanes'), do: two },
      { on: 'Delete', says: t('erase'), do: erase },
    ],
  })
}
