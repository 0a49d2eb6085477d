import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { placeMarks } from '../../draw/beats'
import { ahead } from '../../load/ahead'
import { drawnAt, getRecording, getWaveform, type Recording, type Waveform } from '../../load/recordings'
import { t as tc } from '../../text/case'
import { t } from '../../text/ecg'
import { type Caliper, nudge, read } from '../../trace/caliper'
import { completed } from '../../trace/derive'
import { Filters } from '../../trace/filter'
import { arrange, lastStart, layouts, type Paper } from '../../trace/layout'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { Icon } from '../parts/icon'
import { Calibrate, screenPxPerMm } from './calibrate'
import { Canvas } from './canvas'
import { Compare } from './compare'
import { Holter } from './holter'
import { nextClass, useFindings } from './marks'
import { Measures } from './measures'
import { Medians } from './medians'
import { printPage } from './print'
import { layoutName, type Mode, Tools } from './tools'
import { drawing, look, moreGain, nextLowPass, nextSpeed, standardScale, view } from './view'

export interface EcgProps {
  recording: string
  /** The task it is read for: its priors can be compared. */
  task: string
  /** Shown above the paper when two are compared. */
  label?: string
  /** Keys and tools belong to the first of two. */
  first: boolean
  /** The reader may set marks of his own. */
  editable: boolean
  onShown(): void
  /** Puts text into the findings. */
  onInsert?: ((text: string) => void) | undefined
}

interface Loaded {
  recording: Recording
  wave: Waveform
}

export const waveKey = (recording: string) => `wave ${recording}`

/** An ECG on its paper: true to scale, with calipers and measurements. */
export function Ecg(props: EcgProps) {
  const [got, set] = useState<Loaded | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    set(null)
    setFault(null)
    const ask = () => Promise.all([getRecording(props.recording, stop.signal), getWaveform(props.recording, stop.signal)])
    ahead.take(waveKey(props.recording), ask).then(
      ([recording, wave]) => { if (!stop.signal.aborted) set({ recording, wave }) },
      (f: unknown) => { if (!stop.signal.aborted) setFault(f) },
    )
    return () => stop.abort()
  }, [props.recording, turn])
  if (fault) return <div class="ecg"><ProblemNote fault={fault} onRetry={() => setTurn((n) => n + 1)} /></div>
  if (!got) return <div class="ecg"><Skeleton lines={12} /></div>
  if (got.wave.leads.length === 0) return <div class="ecg" data-testid="ecg"><Photo recording={got.recording} onShown={props.onShown} /></div>
  if ((got.wave.total ?? 0) > got.wave.samples[0]!.length) {
    return (
      <div class="ecg" data-testid="ecg">
        <Measures recording={got.recording} onInsert={props.onInsert} />
        <Holter recording={got.recording} onShown={props.onShown} />
      </div>
    )
  }
  return <Opened own={props} recording={got.recording} wave={got.wave} />
}

/** A recording that came as a picture only: shown as it is, nothing is measured. */
function Photo(props: { recording: Recording; onShown(): void }) {
  const { id, format } = props.recording
  useEffect(() => { if (format === 'pdf') props.onShown() }, [])
  if (format !== 'pdf' && format !== 'picture') return <Blank title={t('noWave')} />
  return (
    <>
      <div class="measures second"><span class="mark warn" data-testid="ecg-photo-only"><Icon name="warn" size={12} />{t('photoOnly')}</span></div>
      {format === 'pdf'
        ? <iframe class="photo" title={t('photoOnly')} src={drawnAt(id, 'pdf', {})} data-testid="ecg-photo" />
        : <div class="sheet" tabIndex={0}><img class="photo" alt={t('photoOnly')} src={drawnAt(id, 'svg', {})} onLoad={props.onShown} data-testid="ecg-photo" /></div>}
    </>
  )
}

function Opened(args: Loaded & { own: EcgProps }) {
  const { wave, own } = args
  const [recording, setRecording] = useState(args.recording)
  const [mode, setMode] = useState<Mode>('paper')
  const [from, setFrom] = useState(0)
  const [marching, setMarching] = useState(false)
  const [loupe, setLoupe] = useState(false)
  const caliper = useSignal<Caliper | null>(null)
  const [calibrating, setCalibrating] = useState(false)
  const { layout, paper, order, filter, truth, marks } = view.value
  const whole = useMemo(() => completed(wave), [wave])
  const filters = useMemo(() => new Filters(whole.samples, wave.rate_hz), [whole])
  const signal = useMemo(() => ({ rateHz: wave.rate_hz, samples: filters.through(filter) }), [filters, filter])
  const duration = Math.max(0, ...wave.samples.map((s) => s.length)) / wave.rate_hz
  const sheet = useMemo(() => arrange(whole.leads, layout, paper, from, duration, order), [whole, layout, paper, from, duration, order])
  const wanted = marks || mode !== 'paper'
  const findings = useFindings(recording.id, wanted, () => void getRecording(recording.id).then(setRecording, () => {}))
  const placed = useMemo(
    () => (marks && findings ? placeMarks(sheet, paper, beatMarks(findings.beats, wave.rate_hz)) : []),
    [marks, findings?.beats, sheet, paper],
  )
  useEffect(() => { if (own.first) standardScale() }, [])
  useEffect(() => void (caliper.value = null), [layout, paper, order])
  useEffect(() => setFrom((f) => Math.min(f, lastStart(duration, sheet.seconds))), [sheet.seconds])
  useEffect(own.onShown, [])
  const move = (by: number) => setFrom((f) => Math.min(lastStart(duration, sheet.seconds), Math.max(0, f + by)))
  const print = () => void printPage(drawnAt(recording.id, 'svg', drawing(view.peek(), from)))
  const arrow = (ms: number, uv: number, by: number) => ({ shiftKey }: KeyboardEvent) => {
    const times = shiftKey ? 10 : 1
    const c = caliper.peek()
    if (c) caliper.value = { ...c, b: nudge(c.b, ms * times, uv * times, paper, c.gain) }
    else if (by !== 0) move((by * sheet.seconds) / 2)
  }
  const paperKeys = [
    ...layouts.map((l, i) => ({ on: String(i + 1), says: `${t('layout')}: ${layoutName(l)}`, do: () => look({ layout: l }) })),
    { on: 's', says: t('key_speed'), do: () => look({ paper: nextSpeed(view.peek().paper) }) },
    { on: '=', says: t('key_gain'), do: () => look({ paper: moreGain(view.peek().paper, 1) }) },
    { on: '-', says: t('key_gain'), do: () => look({ paper: moreGain(view.peek().paper, -1) }), hidden: true },
    { on: 'f', says: t('key_filter'), do: () => look({ filter: nextLowPass(view.peek().filter) }) },
    { on: 'z', says: t('key_scale'), do: () => look({ truth: !view.peek().truth }) },
    { on: 'm', says: t('march'), do: () => setMarching((x) => !x) },
    { on: 'b', says: t('key_marks'), do: () => look({ marks: !view.peek().marks }) },
    { on: 'l', says: t('key_loupe'), do: () => setLoupe((x) => !x) },
    { on: 'o', says: t('key_cabrera'), do: () => look({ order: { ...order, cabrera: !order.cabrera } }) },
    { on: 'x', says: t('key_switch'), do: () => { const c = caliper.peek(); caliper.value = c && { ...c, a: c.b, b: c.a } } },
    { on: 'Delete', says: t('key_wipe'), do: () => void (caliper.value = null) },
    ...(['', 'Shift+'] as const).flatMap((shift) => [
      { on: `${shift}ArrowRight`, says: t('later'), do: arrow(1, 0, 1), hidden: shift !== '' },
      { on: `${shift}ArrowLeft`, says: t('earlier'), do: arrow(-1, 0, -1), hidden: shift !== '' },
      { on: `${shift}ArrowUp`, says: t('key_caliper'), do: arrow(0, 10, 0), hidden: shift !== '' },
      { on: `${shift}ArrowDown`, says: t('key_caliper'), do: arrow(0, -10, 0), hidden: true },
    ]),
  ]
  useKeys({
    title: own.first ? tc('reading') : '',
    keys: !own.first ? [] : [
      { on: 'q', says: t('key_medians'), do: () => setMode((m) => (m === 'medians' ? 'paper' : 'medians')) },
      { on: 'v', says: t('key_compare'), do: () => setMode((m) => (m === 'compare' ? 'paper' : 'compare')) },
      { on: 'Ctrl+p', says: t('key_print'), do: print },
      ...(mode === 'paper' ? paperKeys : []),
    ],
  })
  return (
    <div class="ecg" data-testid="ecg">
      <Tools whole={own.first} label={own.label ?? ''} mode={mode} onMode={setMode} comparable={own.task !== ''} leads={whole.leads} marching={marching} onMarching={setMarching}
        loupe={loupe} onLoupe={setLoupe} onPrint={print} pdf={drawnAt(recording.id, 'pdf', drawing(view.value, from))} />
      <Measures recording={recording} onInsert={own.onInsert} />
      {mode === 'medians' && <Medians findings={findings} editable={own.editable} />}
      {mode === 'compare' && <Compare task={own.task} recording={recording} findings={findings} />}
      {mode === 'paper' && (
        <>
          <Canvas sheet={sheet} paper={paper} signal={signal} truth={truth} marching={marching} loupe={loupe} marks={placed}
            onMark={own.editable && findings ? (sample) => findings.change({ beats: nextClass(findings.beats, sample) }) : undefined}
            caliper={caliper} onScroll={move} />
          <div class="foot">
            <span class="num" data-testid="ecg-scale">{paper.speed} mm/s · {paper.gain} mm/mV{paper.chest ? ` (V ${paper.chest})` : ''}</span>
            <span class="num" data-testid="ecg-filter">{filterWords(wave.rate_hz)}</span>
            <span class="num">{wave.rate_hz} Hz</span>
            {own.first && (
              <button class="btn plain small" onClick={() => setCalibrating(true)} title={t('calibrateTitle')} data-testid="calibrate">
                {!screenPxPerMm.value.measured && <Icon name="warn" size={12} />}{t(screenPxPerMm.value.measured ? 'calibrated' : 'uncalibrated')}
              </button>
            )}
            {duration > sheet.seconds && (
              <>
                <button class="btn small" onClick={() => move(-sheet.seconds / 2)} data-testid="ecg-earlier">←</button>
                <span class="num" data-testid="ecg-range">{t('range', { a: from.toFixed(1), b: Math.min(duration, from + sheet.seconds).toFixed(1), n: duration.toFixed(1) })}</span>
                <button class="btn small" onClick={() => move(sheet.seconds / 2)} data-testid="ecg-later">→</button>
              </>
            )}
            {findings?.dirty && <button class="btn small primary" onClick={findings.save} data-testid="save-beats">{t('saveMarks')}</button>}
            <CaliperReading caliper={caliper} paper={paper} hint={t(marks && own.editable ? 'beatHint' : 'caliperHint')} />
          </div>
        </>
      )}
      {calibrating && <Calibrate onClose={() => setCalibrating(false)} />}
    </div>
  )
}

/** What the caliper reads, or how to come by one. */
export function CaliperReading(props: { caliper: ReadonlySignal<Caliper | null>; paper: Paper; hint: string }) {
  const c = props.caliper.value
  const reading = c && read(c.a, c.b, props.paper, c.gain)
  return (
    <span class="end reading num" data-testid="caliper-reading">
      {reading
        ? [t('readMs', { n: reading.ms }), reading.perMinute ? t('readRate', { n: reading.perMinute }) : '', t('readMv', { n: reading.mv })].filter(Boolean).join('   ')
        : <span class="quiet">{props.hint}</span>}
    </span>
  )
}

/** The filters in force, as they stand on screen and print. */
export function filterWords(rateHz: number): string {
  const { highPass, lowPass, notch } = view.value.filter
  if (!highPass && !lowPass && !notch) return t('filterRaw')
  const band = { a: highPass || '0', b: lowPass && lowPass < 0.45 * rateHz ? lowPass : Math.round(rateHz / 2) }
  return t(notch ? 'filterShownNotch' : 'filterShown', band)
}

const letters: Record<string, string> = { dominant: '', ventricular: 'V', supraventricular: 'S', paced: 'P', artefact: '×', other: '?' }

export function beatMarks(beats: readonly { sample: number; class: string }[], rateHz: number) {
  return beats.map((b, i) => ({
    sample: b.sample, at: b.sample / rateHz, rrMs: i > 0 ? ((b.sample - beats[i - 1]!.sample) / rateHz) * 1000 : 0, letter: letters[b.class] ?? '?',
  }))
}
