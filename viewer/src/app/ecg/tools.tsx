import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../../text/ecg'
import { highPasses, lowPasses } from '../../trace/filter'
import { gains, type Layout, layouts, speeds } from '../../trace/layout'
import { Icon } from '../parts/icon'
import { look, view } from './view'

/** A layout as it is called: 12×1, 3×4+1R. */
export function layoutName(l: Layout): string {
  return l.replace('x', '×')
}

export type Mode = 'paper' | 'medians' | 'compare'

export interface ToolsProps {
  mode: Mode
  onMode(m: Mode): void
  comparable: boolean
  leads: readonly string[]
  marching: boolean
  onMarching(on: boolean): void
  loupe: boolean
  onLoupe(on: boolean): void
  onPrint(): void
  pdf: string
  label: string
  /** Only the first of two recordings has the whole bar. */
  whole: boolean
}

/** Arrangement, speed, gain, filters and tools of the paper. */
export function Tools(props: ToolsProps) {
  if (!props.whole) return <div class="tools"><span class="quiet clip">{props.label}</span></div>
  return (
    <div class="tools" role="toolbar">
      {(['paper', 'medians', 'compare'] as const).map((m) => (
        <button key={m} class="btn plain small" aria-pressed={props.mode === m} disabled={m === 'compare' && !props.comparable}
          title={m === 'paper' ? t('modePaper') : m === 'medians' ? `${t('key_medians')} (Q)` : props.comparable ? `${t('key_compare')} (V)` : t('compareNone')}
          onClick={() => props.onMode(m)} data-testid={`mode-${m}`}>
          {t(m === 'paper' ? 'modePaper' : m === 'medians' ? 'modeMedians' : 'modeCompare')}
        </button>
      ))}
      {props.mode === 'paper' && <PaperTools {...props} />}
      <a class="btn plain small end" href={props.pdf} target="_blank" rel="noopener" data-testid="ecg-pdf">{t('pdf')}</a>
      <button class="btn plain small" onClick={props.onPrint} title={`${t('key_print')} (Ctrl+P)`} data-testid="ecg-print">{t('print')}</button>
    </div>
  )
}

function PaperTools(props: ToolsProps) {
  const { layout, paper, filter, order, truth, marks } = view.value
  return (
    <>
      <span class="sep" />
      <Pick label={`${t('layout')} (1–${layouts.length})`} testid="layout-pick" value={layout} options={layouts.map((l) => [l, layoutName(l)])}
        onPick={(v) => look({ layout: layouts.find((l) => l === v) ?? layout })} />
      <Pick label={`${t('speed')} (S)`} testid="speed-pick" value={String(paper.speed)} options={speeds.map((s) => [String(s), `${s} mm/s`])}
        onPick={(v) => look({ paper: { ...paper, speed: speeds.find((s) => String(s) === v) ?? 25 } })} />
      <Pick label={`${t('gain')} (+ −)`} testid="gain-pick" value={String(paper.gain)} options={gains.map((g) => [String(g), `${g} mm/mV`])}
        onPick={(v) => look({ paper: { ...paper, gain: gains.find((g) => String(g) === v) ?? 10 } })} />
      <Pick label={t('highPass')} testid="high-pass-pick" value={String(filter.highPass)} options={highPasses.map((h) => [String(h), h ? `${h} Hz` : t('filterOff')])}
        onPick={(v) => look({ filter: { ...filter, highPass: highPasses.find((h) => String(h) === v) ?? 0 } })} />
      <Pick label={`${t('lowPass')} (F)`} testid="low-pass-pick" value={String(filter.lowPass)} options={lowPasses.map((l) => [String(l), l ? `${l} Hz` : t('filterOff')])}
        onPick={(v) => look({ filter: { ...filter, lowPass: lowPasses.find((l) => String(l) === v) ?? 0 } })} />
      <span class="sep" />
      <button class="btn plain small" aria-pressed={marks} title={`${t('key_marks')} (B)`} onClick={() => look({ marks: !marks })} data-testid="beat-marks">{t('beatMarks')}</button>
      <button class="btn plain small" aria-pressed={props.marching} title={`${t('march')} (M)`} onClick={() => props.onMarching(!props.marching)} data-testid="march"><Icon name="ruler" />{t('march')}</button>
      <button class="btn plain small" aria-pressed={props.loupe} title={`${t('loupe')} (L)`} onClick={() => props.onLoupe(!props.loupe)} data-testid="loupe"><Icon name="zoom" /></button>
      <More>
        <label class="check"><input type="checkbox" checked={filter.notch === 50} onChange={(e) => look({ filter: { ...filter, notch: e.currentTarget.checked ? 50 : 0 } })} data-testid="notch" />{t('notch')}</label>
        <label class="check" title={t('cabreraHint')}><input type="checkbox" checked={order.cabrera} onChange={(e) => look({ order: { ...order, cabrera: e.currentTarget.checked } })} data-testid="cabrera" />{t('cabrera')}</label>
        <label class="check" title={t('togetherHint')}><input type="checkbox" checked={order.together} onChange={(e) => look({ order: { ...order, together: e.currentTarget.checked } })} data-testid="together" />{t('together')}</label>
        <label class="check" title={t('key_scale')}><input type="checkbox" checked={truth} onChange={(e) => look({ truth: e.currentTarget.checked })} data-testid="true-size" />{t('scaleTrue')}</label>
        <label class="line"><span class="grow">{t('chestGain')}</span>
          <Pick label={t('chestGain')} testid="chest-gain-pick" value={String(paper.chest ?? '')} options={[['', t('chestSame')], ...gains.map((g) => [String(g), `${g}`] as const)]}
            onPick={(v) => look({ paper: { ...paper, chest: gains.find((g) => String(g) === v) } })} /></label>
        <label class="line"><span class="grow">{t('rhythmLead')}</span>
          <Pick label={t('rhythmLead')} testid="rhythm-lead-pick" value={order.rhythm} options={props.leads.map((l) => [l, l])} onPick={(v) => look({ order: { ...order, rhythm: v } })} /></label>
      </More>
    </>
  )
}

function Pick(props: { label: string; testid: string; value: string; options: readonly (readonly [string, string])[]; onPick(v: string): void }) {
  return (
    <select class="input num" title={props.label} aria-label={props.label} value={props.value} data-testid={props.testid}
      onChange={(e) => { props.onPick(e.currentTarget.value); e.currentTarget.blur() }}>
      {props.options.map(([v, word]) => <option key={v} value={v}>{word}</option>)}
    </select>
  )
}

/** What is needed rarely, behind one button; anything outside closes it. */
function More(props: { children: ComponentChildren }) {
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!open) return
    const shut = (e: Event) => { if (!box.current?.contains(e.target as Node)) setOpen(false) }
    addEventListener('pointerdown', shut)
    return () => removeEventListener('pointerdown', shut)
  }, [open])
  return (
    <div class="menu down" ref={box}>
      <button class="btn plain small" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="ecg-more">{t('more')}</button>
      {open && <div class="list">{props.children}</div>}
    </div>
  )
}
