import { useEffect, useRef, useState } from 'preact/hooks'
import type { Picture, Series } from '../../image/series'
import { thumbnailOf } from '../../load/dicomweb'
import { account } from '../../load/session'
import type { Pane } from '../../tools/pane'
import type { Stage } from '../../tools/stage'
import { t } from '../../text/case'
import { now, stamp } from '../clock'
import { dragType } from './rail'

export interface ImagePaneProps {
  stage: Stage | null
  series: Series | null
  pictures(s: Series): Promise<Picture[]>
  active: boolean
  onActive(): void
  onReady(p: Pane | null): void
  onDrop(uid: string): void
  onShown(): void
}

/** One picture window with its texts; the thumbnail stands in until pixels come. */
export function ImagePane(props: ImagePaneProps) {
  const { stage, series } = props
  const el = useRef<HTMLDivElement>(null)
  const [pane, setPane] = useState<Pane | null>(null)
  const [over, setOver] = useState(false)
  const [note, setNote] = useState('')
  useEffect(() => {
    if (!stage || !el.current) return
    const made = stage.pane(el.current)
    setPane(made)
    props.onReady(made)
    const watch = new ResizeObserver(() => stage.resize())
    watch.observe(el.current)
    return () => {
      watch.disconnect()
      props.onReady(null)
      stage.drop(made)
      setPane(null)
    }
  }, [stage])
  useEffect(() => {
    if (!pane || !series) return
    let gone = false
    setNote('')
    props.pictures(series).then(
      (list) => {
        if (gone) return
        if (list.length === 0) setNote(t('noPicture'))
        return pane.show(series, list)
      },
      () => { if (!gone) setNote(t('notShown', { why: 'metadata' })) },
    )
    return () => void (gone = true)
  }, [pane, series?.uid, series?.instances])
  const view = pane?.view.value
  const drawn = view?.drawn === true && view.series?.uid === series?.uid
  useEffect(() => { if (drawn) props.onShown() }, [drawn])
  return (
    <div class={`pane${props.active ? ' active' : ''}${over ? ' over' : ''}`} data-drop={t('dropHere')} data-testid="pane" data-drawn={drawn}
      onPointerDown={props.onActive}
      onDragOver={(e) => { if (e.dataTransfer?.types.includes(dragType)) { e.preventDefault(); setOver(true) } }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => { e.preventDefault(); setOver(false); props.onDrop(e.dataTransfer?.getData(dragType) ?? '') }}>
      <div class="stage" ref={el} />
      {series && !drawn && !view?.fault && !note && <img class="early" src={thumbnailOf(series)} alt="" />}
      <Texts pane={pane} series={series} early={!drawn && !note} />
      {(note || view?.fault) && <div class="say" role="alert" data-testid="pane-fault">{note || t('notShown', { why: view?.fault ?? '' })}</div>}
      {pane && (view?.count ?? 0) > 1 && <ScrollBar pane={pane} />}
      <div class="water" aria-hidden="true">{account.value?.name} {stamp(new Date(now.value).toISOString())}</div>
    </div>
  )
}

function Texts(props: { pane: Pane | null; series: Series | null; early: boolean }) {
  const view = props.pane?.view.value
  const edges = view?.drawn ? props.pane?.directions() : null
  const { series } = props
  return (
    <>
      <div class="corner tl" data-testid="pane-series">{series?.description || series?.modality}</div>
      <div class="corner bl num" data-testid="pane-window">
        {view?.window ? `W ${Math.round(view.window.width)}  L ${Math.round(view.window.centre)}\n` : ''}
        {view?.drawn ? `${Math.round(view.zoom * 100)}%` : ''}
      </div>
      <div class="corner br num">
        {props.early ? <span data-testid="preview">{t('preview')}{'\n'}</span> : null}
        {view && view.fetched < view.count ? `${t('fetched', { n: view.fetched, m: view.count })}\n` : ''}
        {view && view.count > 0 ? <span data-testid="pane-index">{view.index + 1}/{view.count}</span> : null}
      </div>
      {edges && (['top', 'right', 'bottom', 'left'] as const).map((side) => <div key={side} class={`edge ${side}`}>{edges[side]}</div>)}
    </>
  )
}

/** Where in the stack the reader is and how much has come; drag to move. */
function ScrollBar(props: { pane: Pane }) {
  const view = props.pane.view.value
  const go = (e: PointerEvent & { currentTarget: HTMLElement }) => {
    const r = e.currentTarget.getBoundingClientRect()
    props.pane.go(Math.round(((e.clientY - r.top) / r.height) * (view.count - 1)))
  }
  return (
    <div class="bar-scroll" data-testid="stack-bar"
      onPointerDown={(e) => { e.currentTarget.setPointerCapture(e.pointerId); go(e) }}
      onPointerMove={(e) => { if (e.buttons & 1) go(e) }}>
      <i class="got" style={{ height: `${(view.fetched / view.count) * 100}%` }} />
      <i class="at" style={{ top: `calc(${(view.index / Math.max(1, view.count - 1)) * 100}% - 5px)` }} />
    </div>
  )
}
