import { useEffect } from 'preact/hooks'
import { firstSeries } from '../../image/series'
import { opening } from '../../image/order'
import { ahead } from '../../load/ahead'
import { waveKey } from '../ecg/ecg'
import { framesOf, listPictures, listSeries } from '../../load/dicomweb'
import { getRecording, getWaveform } from '../../load/recordings'
import type { Task } from '../../load/types'
import { nextTask } from '../worklist/take'

/** The present case has the line first; then the next one is fetched. */
const patienceMs = 4000
/** Pictures of the next case around its opening one. */
const pictures = 5

export const seriesKey = (study: string, arrived: number) => `series ${study} ${arrived}`
export const picturesKey = (uid: string, instances: number) => `pictures ${uid} ${instances}`

/** Fetches what the next case needs first, while this one is being read. */
export function useNextCase(task: string, shown: boolean): void {
  useEffect(() => {
    if (!shown) return
    const timer = setTimeout(() => {
      const next = nextTask(task)
      if (next) void warm(next).catch(() => {})
    }, patienceMs)
    return () => clearTimeout(timer)
  }, [task, shown])
}

async function warm(next: Task): Promise<void> {
  if (next.recording) {
    await ahead.warm(waveKey(next.recording), () => Promise.all([getRecording(next.recording), getWaveform(next.recording)]))
    return
  }
  if (!next.study) return
  const series = firstSeries(await ahead.warm(seriesKey(next.study, next.arrived), () => listSeries(next.study)))
  if (!series) return
  const list = await ahead.warm(picturesKey(series.uid, series.instances), () => listPictures(series))
  const from = Math.max(0, opening(list.length) - 1)
  for (const p of list.slice(from, from + pictures)) {
    // The answer stays in the browser's cache, where the imaging library finds it.
    const headers = { Accept: 'multipart/related; type=application/octet-stream; transfer-syntax=*' }
    await fetch(framesOf(series, p), { headers, credentials: 'same-origin' }).then((r) => r.arrayBuffer())
  }
}
