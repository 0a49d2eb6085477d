import { ask } from './api'

/** Measurements by name with the unit in the name: hr_bpm, pr_ms, qtc_ms … */
export type Measurements = Readonly<Record<string, unknown>>

export interface Recording {
  id: string
  format: string
  leads: string[]
  rate_hz: number
  samples: number
  start: string | null
  measurements?: { device?: Measurements | null; hub?: Measurements | null; reader?: (Measurements & { by: string; at: string }) | null } | null
  /** The device's own statements, in its words and language. */
  statements?: string[] | null
  quality?: { grade?: string; findings?: { code: string; leads?: string[]; grade: string }[] } | null
  /** What the quality findings mean, as sentences in the language asked for. */
  advice?: string[] | null
  task: string
  /** The defective ECG that this one repeats, and the repeat of this one. */
  corrects?: Repeated | null
  corrected_by?: Repeated | null
}

/** The other ECG of a pair and when it came. */
export interface Repeated {
  id: string
  at: string
}

/** One QRS complex: the sample of its R peak and its class. */
export interface Beat {
  sample: number
  class: BeatClass
}

export type BeatClass = 'dominant' | 'ventricular' | 'supraventricular' | 'paced' | 'artefact' | 'other'
export const beatClasses: readonly BeatClass[] = ['dominant', 'ventricular', 'supraventricular', 'paced', 'artefact', 'other']

/** Boundaries of the median beat in ms from its R peak; null or missing: none. */
export type Boundaries = { [K in (typeof boundaryNames)[number]]?: number | null }
export const boundaryNames = ['p_on_ms', 'p_off_ms', 'qrs_on_ms', 'qrs_off_ms', 't_end_ms'] as const

/** The median beat: samples in µV as [lead][sample], `r` the index of the R peak. */
export interface Median extends Boundaries {
  rate_hz: number
  leads: string[]
  samples: number[][]
  r: number
}

/** What the hub found on a recording, for marks on the drawing. */
export interface Analysis {
  measurements: Measurements
  beats: (Beat & { rr_ms?: number })[]
  median?: Median | null
  seconds: number
}

/** What a reader marked by hand. */
export interface Marks {
  boundaries: Boundaries
  beats: Beat[]
  speed: number
  gain: number
}

/** Signals of one rate; samples in µV as [lead][sample], a gap is null. */
export interface Waveform {
  leads: string[]
  rate_hz: number
  unit: string
  samples: (number | null)[][]
  /** Sample of the recording at which these begin: a long one comes in parts. */
  first?: number
  /** Samples of the whole recording. */
  total?: number
}

/** What to look at first in a long recording; value is in ms for pauses, else beats per minute. */
export interface TrendEvent {
  kind: 'pause' | 'run' | 'fastest' | 'slowest'
  sample: number
  seconds: number
  beats: number
  value: number
}

/** A long recording in numbers: heart rate by the minute, RR intervals, events. */
export interface Trend {
  rate_hz: number
  seconds: number
  beats: number
  minutes: { mean: number; low: number; high: number; v: number }[]
  histogram: number[]
  histogram_ms: number
  ventricular: number
  paced: number
  events: TrendEvent[]
}

const id = encodeURIComponent

export function getRecording(recording: string, signal?: AbortSignal): Promise<Recording> {
  return ask<Recording>(`/api/v1/recordings/${id(recording)}`, signal ? { signal } : {})
}

export function getWaveform(recording: string, signal?: AbortSignal): Promise<Waveform> {
  return ask<Waveform>(`/api/v1/recordings/${id(recording)}/waveform.json`, signal ? { signal } : {})
}

export function getAnalysis(recording: string, signal?: AbortSignal): Promise<Analysis> {
  return ask<Analysis>(`/api/v1/recordings/${id(recording)}/analysis.json`, signal ? { signal } : {})
}

/** Readers' marks, newest first. */
export async function listMarks(recording: string, signal?: AbortSignal): Promise<Marks[]> {
  return (await ask<{ items: Marks[] }>(`/api/v1/recordings/${id(recording)}/marks`, signal ? { signal } : {})).items
}

/** Keeps a reader's marks beside those before. */
export function putMarks(recording: string, marks: Marks): Promise<Marks> {
  return ask<Marks>(`/api/v1/recordings/${id(recording)}/marks`, { method: 'PUT', body: marks })
}

/** Where the hub draws a recording: as a page to print, or as PDF. */
export function drawnAt(recording: string, form: 'svg' | 'pdf', how: Readonly<Record<string, string>>): string {
  return `/api/v1/recordings/${id(recording)}/ecg.${form}?${new URLSearchParams(how)}`
}

/** How far a device's own values lie from the hub's in a month; differences are cart minus hub. */
export interface Drift {
  device: string
  month: string
  count: number
  differences: Record<string, { count: number; median: number; spread: number }>
}

export async function listDrift(): Promise<Drift[]> {
  return (await ask<{ items: Drift[] }>('/api/v1/quality/ecg-drift')).items
}

export function getTrend(recording: string, signal?: AbortSignal): Promise<Trend> {
  return ask<Trend>(`/api/v1/recordings/${id(recording)}/trend.json`, signal ? { signal } : {})
}

/** The samples of a long recording from `from` to `to` seconds. */
export function getPart(recording: string, from: number, to: number, signal?: AbortSignal): Promise<Waveform> {
  return ask<Waveform>(`/api/v1/recordings/${id(recording)}/waveform.json?from=${from.toFixed(3)}&to=${to.toFixed(3)}`, signal ? { signal } : {})
}

/** The beats of a long recording from `from` to `to` seconds; samples count from its start. */
export async function getBeats(recording: string, from: number, to: number, signal?: AbortSignal): Promise<Beat[]> {
  return (await ask<{ beats: Beat[] }>(`/api/v1/recordings/${id(recording)}/beats.json?from=${from.toFixed(3)}&to=${to.toFixed(3)}`, signal ? { signal } : {})).beats
}
