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
  measurements?: { device?: Measurements | null; hub?: Measurements | null } | null
  /** The device's own statements, in its words and language. */
  statements?: string[] | null
  quality?: { grade?: string; findings?: { code: string; leads?: string[]; grade: string }[] } | null
  /** What the quality findings mean, as sentences in the language asked for. */
  advice?: string[] | null
  task: string
}

/** Signals of one rate; samples in µV as [lead][sample], a gap is null. */
export interface Waveform {
  leads: string[]
  rate_hz: number
  unit: string
  samples: (number | null)[][]
}

const id = encodeURIComponent

export function getRecording(recording: string, signal?: AbortSignal): Promise<Recording> {
  return ask<Recording>(`/api/v1/recordings/${id(recording)}`, signal ? { signal } : {})
}

export function getWaveform(recording: string, signal?: AbortSignal): Promise<Waveform> {
  return ask<Waveform>(`/api/v1/recordings/${id(recording)}/waveform.json`, signal ? { signal } : {})
}
