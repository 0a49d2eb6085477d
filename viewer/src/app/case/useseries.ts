import { useEffect, useRef, useState } from 'preact/hooks'
import { type Picture, type Series } from '../../image/series'
import { ahead } from '../../load/ahead'
import { listPictures, listSeries } from '../../load/dicomweb'
import { picturesKey, seriesKey } from './next'

/** The series of some studies, each study's in its own list. */
export function useSeries(studies: readonly string[], arrived: number): { lists: Map<string, Series[]>; fault: unknown; ready: boolean } {
  const [state, set] = useState<{ lists: Map<string, Series[]>; fault: unknown; ready: boolean }>({ lists: new Map(), fault: null, ready: false })
  const key = studies.join(' ')
  useEffect(() => {
    const stop = new AbortController()
    Promise.all(studies.map(async (s) => [s, await ahead.take(seriesKey(s, arrived), () => listSeries(s, stop.signal))] as const)).then(
      (all) => set({ lists: new Map(all), fault: null, ready: true }),
      (fault: unknown) => { if (!stop.signal.aborted) set((old) => ({ ...old, fault, ready: true })) },
    )
    return () => stop.abort()
    // A study that grows is asked for again.
  }, [key, arrived])
  return state
}

/** Loads the pictures of series once each; a series that has grown again. */
export function usePictures(): (s: Series) => Promise<Picture[]> {
  const had = useRef(new Map<string, Promise<Picture[]>>())
  return (s) => {
    const key = `${s.uid} ${s.instances}`
    const known = had.current.get(key)
    if (known) return known
    const asked = ahead.take(picturesKey(s.uid, s.instances), () => listPictures(s))
    had.current.set(key, asked)
    asked.catch(() => had.current.delete(key))
    return asked
  }
}
