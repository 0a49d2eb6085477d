import { useEffect, useState } from 'preact/hooks'
import { type Analysis, type Beat, beatClasses, type Boundaries, boundaryNames, getAnalysis, listMarks, putMarks } from '../../load/recordings'
import { t } from '../../text/ecg'
import { toast, toastFault } from '../parts/toast'
import { view } from './view'

/** The hub's findings on a recording and the reader's changes to them. */
export interface Findings {
  analysis: Analysis
  boundaries: Boundaries
  beats: readonly Beat[]
  /** Puts the reader's boundaries or beats in place, unsaved. */
  change(c: { boundaries?: Boundaries; beats?: readonly Beat[] }): void
  save(): void
  /** Whether anything is not saved yet. */
  dirty: boolean
}

/** The boundaries the hub measured. */
export function hubBoundaries(a: Analysis): Boundaries {
  return Object.fromEntries(boundaryNames.map((n) => [n, a.median?.[n] ?? null])) as Boundaries
}

/** The beat after a click on its mark: the next class. */
export function nextClass(beats: readonly Beat[], sample: number): Beat[] {
  return beats.map((b) => (b.sample === sample ? { ...b, class: beatClasses[(beatClasses.indexOf(b.class) + 1) % beatClasses.length]! } : b))
}

/** Reads analysis and marks once they are wanted; `onSaved` hears of new values. */
export function useFindings(recording: string, wanted: boolean, onSaved: () => void): Findings | null {
  const [got, set] = useState<Omit<Findings, 'change' | 'save'> | null>(null)
  useEffect(() => {
    if (!wanted || got) return
    const stop = new AbortController()
    Promise.all([getAnalysis(recording, stop.signal), listMarks(recording, stop.signal)]).then(
      ([analysis, marks]) => {
        const own = marks[0]
        const changed = new Map(own?.beats.map((b) => [b.sample, b.class]))
        set({
          analysis, dirty: false, boundaries: own?.boundaries ?? hubBoundaries(analysis),
          beats: analysis.beats.map((b) => ({ sample: b.sample, class: changed.get(b.sample) ?? b.class })),
        })
      },
      (fault: unknown) => { if (!stop.signal.aborted) toastFault(fault) },
    )
    return () => stop.abort()
  }, [recording, wanted])
  if (!got) return null
  const save = () => {
    const hub = new Map(got.analysis.beats.map((b) => [b.sample, b.class]))
    const { speed, gain } = view.peek().paper
    putMarks(recording, { boundaries: got.boundaries, beats: got.beats.filter((b) => hub.get(b.sample) !== b.class), speed, gain }).then(() => {
      set((x) => x && { ...x, dirty: false })
      toast(t('savedMarks'), 'good')
      onSaved()
    }, toastFault)
  }
  return { ...got, save, change: (c) => set((x) => x && { ...x, ...c, dirty: true }) }
}
